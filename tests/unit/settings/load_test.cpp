// SPDX-License-Identifier: Apache-2.0
#include "settings/load.hpp"

#include "settings/field_table.hpp"
#include "support/catch.hpp"
#include "unit/settings/corporate_pem.hpp"
#include "unit/settings/scripted_machine.hpp"

using namespace siltgate;
using namespace siltgate::settings;
using namespace std::chrono_literals;
using Mode = schedule::Concurrency::Mode;

namespace {

Loaded sound(const Overrides& overrides, const ScriptedMachine& world = {}) {
  auto outcome = load(overrides, world.machine());
  if (const auto* refused = std::get_if<Refused>(&outcome)) FAIL(refused->text());
  return std::get<Loaded>(std::move(outcome));
}

Refused refused(const Overrides& overrides, const ScriptedMachine& world = {}) {
  auto outcome = load(overrides, world.machine());
  REQUIRE(std::holds_alternative<Refused>(outcome));
  return std::get<Refused>(std::move(outcome));
}

Overrides upstream(std::vector<std::string> urls) {
  Overrides out;
  out.upstreams = std::move(urls);
  return out;
}

const std::string home_file = "/home/me/.config/siltgate/siltgate.jsonc";
const std::string one_provider = "{\"providers\": {\"zai\": {\"base_url\": \"https://api.z.ai/v4\"}}";

ScriptedMachine world_with(const std::string& text, bool others_can_read = false) {
  ScriptedMachine world;
  world.env["HOME"] = "/home/me";
  world.file(home_file, text, others_can_read);
  return world;
}

bool has_line(const std::string& text, const std::string& left, const std::string& right) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    if (line.rfind(left + " ", 0) == 0 && line.size() >= right.size() && line.substr(line.size() - right.size()) == right) return true;
    at = end + 1;
  }
  return false;
}

/// {"a": {"b": VALUE}} for the path a.b; names for * are given in order.
std::string nested(std::string_view path, const std::string& value, const Names& names) {
  std::string head, tail;
  std::size_t used = 0;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('.'));
    head += "\"" + (part == "*" ? names.at(used++) : std::string(part)) + "\": ";
    path = part.size() == path.size() ? "" : path.substr(part.size() + 1);
    if (!path.empty()) {
      head += "{ ";
      tail += " }";
    }
  }
  return head + value + tail;
}

}  // namespace

TEST_CASE("with only an upstream every default is in force", "[settings]") {
  const auto loaded = sound(upstream({"https://api.z.ai/api/coding/paas/v4"}));
  const Settings& s = loaded.settings;
  REQUIRE(s.flow.providers.size() == 1);
  const auto& zai = s.flow.providers[0];
  CHECK(zai.name == "zai");
  CHECK(s.flow.default_provider == "zai");
  CHECK(zai.profile == "zai");
  CHECK(zai.base_url.path == "/api/coding/paas/v4");
  CHECK((zai.limits.concurrency.mode == Mode::fixed && zai.limits.concurrency.count == 1));
  REQUIRE(s.listen.size() == 1);
  CHECK(s.listen[0].address == "127.0.0.1");
  CHECK(s.listen[0].port == 4290);
  CHECK(s.drain == 30s);
  CHECK(s.flow.queue.max_waiting == 64);
  CHECK(s.flow.validate[Check::finish_reason] == Action::repair);
  CHECK(loaded.path.empty());
  CHECK(loaded.warnings.empty());
}

TEST_CASE("other hosts get their profile and an automatic cap", "[settings]") {
  const auto loaded = sound(upstream({"https://api.openai.com/v1"}));
  CHECK(loaded.settings.flow.providers[0].profile == "openai");
  CHECK(loaded.settings.flow.providers[0].limits.concurrency.mode == Mode::automatic);
}

TEST_CASE("the demo provider speaks as Z.AI does, one at a time", "[settings]") {
  const auto loaded = sound(upstream({"demo:"}));
  const auto& demo = loaded.settings.flow.providers.at(0);
  CHECK(demo.name == "demo");
  CHECK(demo.base_url.scheme == "demo");
  CHECK(demo.profile == "zai");
  CHECK((demo.limits.concurrency.mode == Mode::fixed && demo.limits.concurrency.count == 1));
}

TEST_CASE("automatic wins over the cap of the zai profile when written for the provider, not for all", "[settings]") {
  Overrides overrides = upstream({"https://api.z.ai/v4"});
  overrides.concurrency = "auto";
  CHECK(sound(overrides).settings.flow.providers[0].limits.concurrency.mode == Mode::automatic);
  auto cap = [](const std::string& more) { return sound({}, world_with(one_provider + more + "}")).settings.flow.providers[0].limits.concurrency; };
  CHECK(cap(", \"limits\": {\"concurrency\": \"auto\"}").count == 1);
  CHECK(cap(", \"limits\": {\"concurrency\": 4}").count == 4);
}

TEST_CASE("several upstreams have names and the first is the default", "[settings]") {
  const auto loaded = sound(upstream({"a=https://x/v1", "https://y", "https://z"}));
  REQUIRE(loaded.settings.flow.providers.size() == 3);
  CHECK(loaded.settings.flow.default_provider == "a");
  CHECK(loaded.settings.flow.providers[1].name == "upstream");
  CHECK(loaded.settings.flow.providers[2].name == "upstream2");
  CHECK(refused(upstream({"a=https://x", "a=https://y"})).errors[0].message == "the upstream \"a\" is given twice");
}

TEST_CASE("an upstream without a name never gets the keys of another host", "[settings]") {
  auto world = world_with("{\"providers\": {\"zai\": {\"base_url\": \"https://api.z.ai/v4\", \"auth\": \"replace\", \"keys\": {\"a\": {\"value\": \"{env:K}\"}}}}}");
  world.env["K"] = "secret";
  const auto other = sound(upstream({"https://open.bigmodel.cn/v4"}), world);
  CHECK(other.settings.flow.default_provider == "zai2");
  CHECK(other.settings.flow.providers.at(1).keys.empty());
  const auto same = sound(upstream({"https://api.z.ai/other"}), world);
  REQUIRE(same.settings.flow.providers.size() == 1);
  CHECK(same.settings.flow.providers[0].base_url.path == "/other");
  CHECK(same.settings.flow.providers[0].keys.size() == 1);
}

TEST_CASE("flag wins over environment, environment over file, file over default", "[settings]") {
  auto world = world_with(one_provider + ", \"listen\": [\"127.0.0.1:1\", \"127.0.0.1:2\"], \"capture\": {\"mode\": \"off\"}}");
  CHECK(sound({}, world).settings.listen[1].port == 2);
  INFO(effective_text(sound({}, world)));
  CHECK(has_line(effective_text(sound({}, world)), "capture.mode = \"off\"", "# " + home_file + ":1:123"));
  world.env["SILTGATE_LISTEN"] = "127.0.0.1:3,[::1]:4";
  world.env["SILTGATE_CAPTURE"] = "all";
  world.env["SILTGATE_CONCURRENCY"] = "7";
  auto from_env = sound({}, world);
  CHECK(from_env.settings.listen.size() == 2);
  CHECK(from_env.settings.listen[1].address == "::1");
  CHECK(from_env.settings.capture.mode == observe::CaptureMode::all);
  CHECK(from_env.settings.flow.providers[0].limits.concurrency.count == 7);
  CHECK(has_line(effective_text(from_env), "listen[1].address = \"[::1]:4\"", "# environment SILTGATE_LISTEN"));
  Overrides overrides;
  overrides.listen = {"127.0.0.1:0"};
  overrides.capture = "rejected";
  auto from_flag = sound(overrides, world);
  CHECK(from_flag.settings.listen.size() == 1);
  CHECK(from_flag.settings.capture.mode == observe::CaptureMode::rejected);
  CHECK(has_line(effective_text(from_flag), "capture.mode = \"rejected\"", "# flag --capture"));
}

TEST_CASE("a fault in a flag or a variable names it", "[settings]") {
  Overrides overrides = upstream({"api.z.ai"});
  overrides.listen = {"localhost:1"};
  overrides.concurrency = "0";
  overrides.capture = "al";
  ScriptedMachine world;
  world.env["SILTGATE_LOG_FORMAT"] = "xml";
  world.env["SILTGATE_DEBUG"] = "maybe";
  const auto shown = refused(overrides, world).text();
  INFO(shown);
  CHECK(shown.find("--upstream: base_url \"api.z.ai\" is not a base URL; the scheme is missing") != std::string::npos);
  CHECK(shown.find("--listen: listen takes IP addresses, not names; write \"127.0.0.1:1\"") != std::string::npos);
  CHECK(shown.find("--concurrency: concurrency 0 would let nothing through") != std::string::npos);
  CHECK(shown.find("--capture: mode takes \"off\", \"rejected\" or \"all\", not the string \"al\"; did you mean \"all\"?") != std::string::npos);
  CHECK(shown.find("SILTGATE_LOG_FORMAT: format takes") != std::string::npos);
  CHECK(shown.find("SILTGATE_DEBUG: expected 1 or 0") != std::string::npos);
}

TEST_CASE("debug and quiet set the log level", "[settings]") {
  Overrides overrides = upstream({"demo:"});
  overrides.quiet = true;
  CHECK(sound(overrides).settings.log.level == observe::Level::warn);
  overrides.debug = true;
  const auto loud = sound(overrides);
  CHECK(loud.settings.log.level == observe::Level::debug);
  CHECK(loud.settings.flow.debug_events);
  ScriptedMachine world;
  world.env["SILTGATE_DEBUG"] = "1";
  CHECK(sound(upstream({"demo:"}), world).settings.flow.debug_events);
}

TEST_CASE("the file is searched in order and its absence has its own exit code", "[settings]") {
  ScriptedMachine world;
  world.file("/etc/siltgate/siltgate.jsonc", "{\"providers\": {\"etc\": {\"base_url\": \"https://x\"}}}");
  CHECK(sound({}, world).path == "/etc/siltgate/siltgate.jsonc");
  world.env["HOME"] = "/home/me";
  world.file(home_file, one_provider + "}");
  CHECK(sound({}, world).path == home_file);
  world.env["XDG_CONFIG_HOME"] = "/xdg";
  world.file("/xdg/siltgate/siltgate.jsonc", one_provider + "}");
  CHECK(sound({}, world).path == "/xdg/siltgate/siltgate.jsonc");
  world.env["SILTGATE_CONFIG"] = "/other";
  const auto missing = refused({}, world);
  CHECK(missing.exit_code() == 66);
  CHECK(missing.text() == "/other: there is no such file\n");
  Overrides overrides;
  overrides.config = home_file;
  CHECK(sound(overrides, world).path == home_file);
  world.files[home_file] = {FileAnswer::State::not_permitted, "", false, ""};
  CHECK(refused(overrides, world).exit_code() == 77);
  world.file(home_file, "{");
  CHECK(refused(overrides, world).exit_code() == 78);
}

TEST_CASE("without a provider the three ways to give one are told", "[settings]") {
  const auto none = refused({});
  CHECK(none.exit_code() == 78);
  for (auto way : {"siltgate --upstream https://", "SILTGATE_UPSTREAM=", "siltgate config --init", "siltgate --upstream demo:"})
    CHECK(none.text().find(way) != std::string::npos);
  CHECK(refused({}, world_with("{}")).text().rfind(home_file + ": no provider is given", 0) == 0);
}

TEST_CASE("every field of the table can be set and shows up in what is in force", "[settings]") {
  for (const Field& field : fields()) {
    const std::string path(field.path);
    const Names names = path.rfind("listen", 0) == 0 ? Names{"0"} : Names{"zai", "n"};
    std::string more, inside;
    std::string value = field.type == Type::secret ? "\"{env:K}\"" : std::string(field.example);
    if (path.rfind("listen.*.", 0) == 0) {
      const std::string address = path == "listen.*.address" ? "" : "\"address\": \"127.0.0.1:4290\", ";
      more = "\"listen\": [{ " + address + "\"" + path.substr(9) + "\": " + value + " }]";
    } else if (path.rfind("providers.*.", 0) == 0) {
      inside = ", " + nested(path.substr(12), value, {"n"});
      const auto sibling = path == "providers.*.groups.*.models" ? "\"concurrency\": 1, " : path == "providers.*.groups.*.concurrency" ? "\"models\": [\"m\"], "
                           : path == "providers.*.keys.*.concurrency" ? "\"value\": \"{env:K}\", " : "";
      inside.insert(inside.rfind("{ ") == std::string::npos ? 0 : inside.rfind("{ ") + 2, sibling);
      if (path == "providers.*.auth") inside += ", \"keys\": {\"n\": {\"value\": \"{env:K}\"}}";
    } else {
      more = nested(path, value, {"n"});
    }
    const std::string base = path == "providers.*.base_url" ? "" : "\"base_url\": \"https://api.z.ai/v4\"";
    if (path == "providers.*.base_url") inside.erase(0, 2);
    auto world = world_with("{ \"providers\": { \"zai\": { " + base + inside + " } }" + (more.empty() ? "" : ", " + more) + " }");
    world.env["K"] = "secret";
    world.file("/etc/ssl/certs/corporate.pem", siltgate::test::corporate_pem);
    INFO(world.files[home_file].text);
    const auto loaded = sound({}, world);
    const auto shown = effective_text(loaded);
    const Names used = path == "client_tokens.*" ? Names{"n"} : names;
    INFO(shown);
    CHECK(shown.find(display_path(path, used) + " = " + value + " ") != std::string::npos);
    CHECK(loaded.origins.at(display_path(path, used)).from == Origin::From::file);
    CHECK(value != default_of(field));
    CHECK(shown.find("secret ") == std::string::npos);
  }
}

TEST_CASE("what is in force is shown without secrets", "[settings]") {
  const auto world = world_with("{\"providers\": {\"a\": {\"base_url\": \"https://x\", \"proxy\": \"http://u:hunter2@p:1\",\n"
                                "\"keys\": {\"k\": {\"value\": \"hunter2\"}}}}, \"client_tokens\": {\"me\": \"hunter3\"}, \"shared\": {\"redis\": \"redis://:hunter2@h\"}}");
  const auto shown = effective_text(sound({}, world));
  INFO(shown);
  CHECK(shown.find("hunter") == std::string::npos);
  CHECK(has_line(shown, "providers.a.keys.k.value = (secret)", home_file + ":2:25"));
  CHECK(has_line(shown, "providers.a.proxy = \"http://***@p:1\"", home_file + ":1:56"));
  CHECK(has_line(shown, "shared.redis = \"redis://***@h\"", home_file + ":2:96"));
  CHECK(has_line(shown, "providers.a.profile = \"generic\"", "# default (guessed from the host)"));
  CHECK(has_line(shown, "log.level = \"info\"", "# default"));
}

TEST_CASE("doubtful settings load with a warning", "[settings]") {
  const auto text = "{\"providers\": {\"a\": {\"base_url\": \"http://far.example\", \"keys\": {\"k\": {\"value\": \"abc\"}}}}}";
  CHECK(sound({}, world_with(text)).warnings.size() == 1);
  const auto loaded = sound({}, world_with(text, true));
  REQUIRE(loaded.warnings.size() == 2);
  CHECK(loaded.warnings[0].message == "keys and prompts go to far.example unencrypted (http)");
  CHECK(loaded.warnings[1].message.find("chmod 600 " + home_file) != std::string::npos);
  CHECK(loaded.warnings[1].text().find("abc") == std::string::npos);
}

TEST_CASE("the configuration is handed on complete", "[settings]") {
  auto world = world_with(one_provider + ", \"client_tokens\": {\"me\": \"{env:K}\"}, \"admin\": {\"allowed_hosts\": [\"box\"], \"allow\": [\"10.1.2.3/8\", \"::1\"]}}");
  world.env["K"] = "secret";
  const auto s = sound({}, world).settings;
  CHECK(s.flow.client_tokens.at("me") == "secret");
  CHECK(s.flow.access.allowed_hosts == std::vector<std::string>{"box"});
  CHECK(s.admin.allow == std::vector<std::string>{"10.0.0.0/8", "::1/128"});
}
