// SPDX-License-Identifier: Apache-2.0
// Ten planted faults, each found by the whole verb over real sockets, and nothing found where nothing is wrong.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/verbs.hpp"
#include "support/catch.hpp"
#include "support/connect_proxy.hpp"
#include "support/scripted_upstream.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate;
using namespace siltgate::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A port nobody listens on: bound once, and let go.
std::uint16_t free_port() {
  return Listener().port();
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
  return std::string("Date: ") + text + "\r\n";
}

Script answering(const std::string& date = today()) {
  return [date](UpstreamExchange& exchange) { exchange.answer(200, "{}", "application/json", date); };
}

/// A home, a configuration and an environment of its own; doctor run in it.
class Patient {
 public:
  Patient() {
    std::signal(SIGPIPE, SIG_IGN);
    env["HOME"] = home;
    env["BUN_CONFIG_REGISTRY"] = "http://127.0.0.1:1";
    fs::create_directories(home + "/.config/opencode/node_modules");
    listen = "127.0.0.1:" + std::to_string(free_port());
    file("/.config/opencode/opencode.json", R"({"provider": {"x": {"options": {"baseURL": "http://)" + listen + R"(/v1"}}}})");
  }

  void file(const std::string& path, const std::string& content) const { std::ofstream(home + path) << content; }

  /// The provider "up"; `more` are further members.
  void provider(const std::string& base_url, const std::string& more = "") const {
    file("/siltgate.jsonc", "{\"providers\": {\"up\": {\"base_url\": \"" + base_url + "\"" + more + "}}}");
  }

  json examine(std::vector<std::string> more = {"--client", "opencode"}) {
    std::vector<std::string> words{"doctor", "--json", "--listen", listen, "--config", home + "/siltgate.jsonc"};
    words.insert(words.end(), more.begin(), more.end());
    std::ostringstream out, err;
    const cli::Env lookup = [this](const std::string& name) { return env.count(name) ? std::optional(env.at(name)) : std::nullopt; };
    exit = cli::run_command_line(words, cli::Io{out, err, lookup}, {});
    INFO(out.str() << err.str());
    const json report = json::parse(out.str());
    CHECK((exit == 0) == report["ok"].get<bool>());
    text = out.str();
    return report;
  }

  TemporaryFolder folder;
  const std::string& home = folder.path();
  std::string listen, text;
  std::map<std::string, std::string> env;
  int exit = -1;
};

/// The one fault of the report: its check, with "found" and "remedy" behind it.
json only_fault(const json& report) {
  json faults = json::array();
  for (const json& each : report["findings"])
    if (each["state"] == "fault") faults.push_back(each);
  INFO(report.dump(2));
  REQUIRE(faults.size() == 1);
  CHECK(faults[0]["looked_at"] != "");
  CHECK(faults[0]["remedy"] != "");
  return faults[0];
}

bool has(const json& text, const std::string& part) { return text.get<std::string>().find(part) != std::string::npos; }

UpstreamOptions tls(OpenSsl<SSL_CTX> context) {
  UpstreamOptions options;
  options.tls = std::move(context);
  return options;
}

/// Another standard input for a while.
class Input {
 public:
  Input() : kept_(::dup(0)) {
    REQUIRE(::pipe(ends_) == 0);
    ::dup2(ends_[0], 0);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() {
    ::dup2(kept_, 0);
    ::close(kept_), ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  void end() {
    ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int kept_, ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("nothing is found where nothing is wrong", "[doctor]") {
  const Authority authority;
  ScriptedUpstream upstream(answering(), tls(authority.server("127.0.0.1")));
  Patient patient;
  patient.provider(upstream.url(), ", \"ca_file\": \"" + authority.ca_file() + "\"");
  Input input;
  input.end();
  const json report = patient.examine();
  INFO(report.dump(2));
  CHECK(patient.exit == 0);
  for (const char* check : {"config", "port", "tcp", "tls", "clock", "client"}) CHECK(has(json(patient.text), "\"check\": \"" + std::string(check) + "\""));
}

TEST_CASE("planted: the port is taken", "[doctor]") {
  ScriptedUpstream upstream(answering());
  Patient patient;
  patient.provider(upstream.url());
  const Listener holder;
  patient.listen = "127.0.0.1:" + std::to_string(holder.port());
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "port");
  CHECK(has(fault["found"], "(pid " + std::to_string(::getpid()) + ")"));
  CHECK(has(fault["remedy"], "--listen"));
}

TEST_CASE("planted: the name does not resolve", "[doctor]") {
  Patient patient;
  patient.provider("https://siltgate-test.invalid/v1");
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "dns");
  CHECK(has(fault["remedy"], "getent hosts siltgate-test.invalid"));
}

TEST_CASE("planted: the certificate has another name", "[doctor]") {
  const Authority authority;
  ScriptedUpstream upstream(answering(), tls(authority.server("other.example")));
  Patient patient;
  patient.provider(upstream.url(), ", \"ca_file\": \"" + authority.ca_file() + "\"");
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "tls");
  CHECK(has(fault["found"], "for other.example, not for 127.0.0.1"));
  CHECK(has(fault["remedy"], "https://other.example"));
}

TEST_CASE("planted: the certificate is signed by a company's own authority", "[doctor]") {
  const Authority authority;
  ScriptedUpstream upstream(answering(), tls(authority.server("127.0.0.1")));
  Patient patient;
  patient.env["NODE_EXTRA_CA_CERTS"] = authority.ca_file();
  patient.provider(upstream.url());
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "tls");
  CHECK(has(fault["found"], "siltgate test authority"));
  CHECK(has(fault["remedy"], "\"ca_file\": \"" + authority.ca_file() + "\""));
}

TEST_CASE("planted: the certificate has expired", "[doctor]") {
  const Authority authority;
  ScriptedUpstream upstream(answering(), tls(authority.server("127.0.0.1", Authority::Leaf::expired)));
  Patient patient;
  patient.provider(upstream.url(), ", \"ca_file\": \"" + authority.ca_file() + "\"");
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "tls");
  CHECK(has(fault["found"], "expired on"));
}

TEST_CASE("planted: the proxy of the environment is dead, or refuses", "[doctor]") {
  Patient patient;
  patient.provider("https://provider.example/v1");
  patient.env["HTTPS_PROXY"] = "http://127.0.0.1:" + std::to_string(free_port());
  json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "proxy");
  CHECK(has(fault["looked_at"], "HTTPS_PROXY"));
  CHECK(has(fault["remedy"], "NO_PROXY=provider.example"));
  ConnectProxyOptions options;
  options.refuse_with = 407;
  const ConnectProxy proxy(1, options);
  patient.env["HTTPS_PROXY"] = proxy.url();
  fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "proxy");
  CHECK(has(fault["found"], "407"));
  patient.env["HTTPS_PROXY"] = "socks5://127.0.0.1:1";
  CHECK(has(only_fault(patient.examine({}))["remedy"], "unset HTTPS_PROXY"));
}

TEST_CASE("planted: NO_PROXY does not list siltgate", "[doctor]") {
  ScriptedUpstream upstream(answering());
  Patient patient;
  patient.provider(upstream.url());
  patient.env["HTTP_PROXY"] = "http://proxy.example:3128";
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["looked_at"] == "HTTP_PROXY");
  CHECK(has(fault["remedy"], "export NO_PROXY=127.0.0.1,localhost"));
  patient.env["NO_PROXY"] = "127.0.0.1,localhost";
  patient.examine({});
  CHECK(patient.exit == 0);
}

TEST_CASE("planted: standard input never ends", "[doctor]") {
  ScriptedUpstream upstream(answering());
  Patient patient;
  patient.provider(upstream.url());
  Input input;
  const json fault = only_fault(patient.examine());
  CHECK(fault["looked_at"] == "standard input");
  CHECK(has(fault["remedy"], "</dev/null"));
  input.end();
  patient.examine();
  CHECK(patient.exit == 0);
}

TEST_CASE("planted: opencode would install plugins and cannot", "[doctor]") {
  ScriptedUpstream upstream(answering());
  Patient patient;
  patient.provider(upstream.url());
  fs::remove_all(patient.home + "/.config/opencode/node_modules");
  Input input;
  input.end();
  const json fault = only_fault(patient.examine());
  CHECK(has(fault["looked_at"], "plugins"));
  CHECK(has(fault["remedy"], "OPENCODE_DISABLE_DEFAULT_PLUGINS=1"));
  patient.env["OPENCODE_DISABLE_DEFAULT_PLUGINS"] = "1";
  patient.examine();
  CHECK(patient.exit == 0);
}

TEST_CASE("planted: the clock is wrong", "[doctor]") {
  ScriptedUpstream upstream(answering("Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
  Patient patient;
  patient.provider(upstream.url());
  const json fault = only_fault(patient.examine({}));
  CHECK(fault["check"] == "clock");
  CHECK(has(fault["found"], "ahead of the provider's"));
  CHECK(has(fault["remedy"], "timedatectl set-ntp true"));
}

TEST_CASE("a probe spends one request with the configured key, and neither report nor bundle shows it", "[doctor]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    const bool chat = exchange.request().head.method == "POST";
    if (!chat) return exchange.answer(200, "{}", "application/json", today());
    const bool known = exchange.request().head.fields.find("authorization").value_or("") == "Bearer hunter2-of-the-team";
    if (!known) return exchange.answer(401, R"({"error":{"message":"bad key hunter2-of-the-team"}})");
    exchange.answer(200, R"({"choices":[]})");
  });
  Patient patient;
  patient.env["TEAM_KEY"] = "hunter2-of-the-team";
  patient.provider(upstream.url(), R"(, "auth": "replace", "keys": {"team": {"value": "{env:TEAM_KEY}"}})");
  patient.examine({"--probe", "--model", "m"});
  CHECK(patient.exit == 0);
  CHECK(has(json(patient.text), "a request of one token to m"));
  CHECK(upstream.requests() == 2);
  patient.env["OPENAI_API_KEY"] = "another";
  patient.provider(upstream.url(), R"(, "keys": {"team": {"value": "{env:TEAM_KEY}"}})");
  const json fault = only_fault(patient.examine({"--probe", "--model", "m"}));
  CHECK(fault["check"] == "probe");
  CHECK_FALSE(has(json(patient.text), "hunter2"));
  std::ostringstream out, err;
  const cli::Env lookup = [&](const std::string& name) { return patient.env.count(name) ? std::optional(patient.env.at(name)) : std::nullopt; };
  cli::run_command_line({"doctor", "--bundle", "--listen", patient.listen, "--config", patient.home + "/siltgate.jsonc"}, cli::Io{out, err, lookup}, {});
  CHECK(has(json(out.str()), "== settings in force"));
  CHECK_FALSE(has(json(out.str()), "hunter2"));
}

TEST_CASE("a refused configuration is a fault with its place, and the rest is looked at all the same", "[doctor]") {
  Patient patient;
  patient.file("/siltgate.jsonc", "{\n  \"drian\": \"1s\",\n  \"providers\": {\"up\": {\"base_url\": \"http://127.0.0.1:1/v1\"}}\n}");
  const json report = patient.examine({});
  const json fault = only_fault(report);
  CHECK(fault["check"] == "config");
  CHECK(has(fault["looked_at"], "siltgate.jsonc:2:3"));
  CHECK(has(fault["found"], "did you mean \"drain\"?"));
  CHECK(std::any_of(report["findings"].begin(), report["findings"].end(),
                    [&](const json& each) { return each["check"] == "port" && each["looked_at"] == "listen " + patient.listen; }));
}
