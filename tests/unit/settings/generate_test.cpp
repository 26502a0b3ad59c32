// SPDX-License-Identifier: Apache-2.0
#include "settings/generate.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/manual_page.hpp"
#include "settings/field_table.hpp"
#include "support/catch.hpp"
#include "unit/settings/corporate_pem.hpp"
#include "unit/settings/scripted_machine.hpp"

using namespace siltgate::settings;

namespace {

std::string root_file(const std::string& path) { return std::string(SILTGATE_SOURCE_DIR) + "/" + path; }

std::string contents(const std::string& path) {
  std::ifstream in(root_file(path));
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

ScriptedMachine world_of_the_examples() {
  ScriptedMachine world;
  for (auto name : {"ZHIPU_API_KEY", "ALICE_TOKEN", "BOB_TOKEN", "SECOND_KEY"}) world.env[name] = std::string("secret-") + name;
  world.file("/etc/ssl/certs/corporate.pem", siltgate::test::corporate_pem);
  world.file("/etc/siltgate/keys/zai", "secret-file\n");
  return world;
}

Loaded sound(const std::string& name, const std::string& text, const ScriptedMachine& world) {
  auto outcome = load_text(name, text, world.machine());
  if (const auto* refused = std::get_if<Refused>(&outcome)) FAIL(refused->text());
  return std::get<Loaded>(std::move(outcome));
}

/// effective_text without origins.
std::string values(const Loaded& loaded) {
  std::istringstream in(effective_text(loaded));
  std::string out, line;
  while (std::getline(in, line)) out += line.substr(0, line.rfind("  # ")).substr(0, line.find_last_not_of(' ', line.rfind("  # ")) + 1) + "\n";
  return out;
}

/// The keys of the example that siltgate knows, each with the place of its opening quote as "line:column".
std::vector<std::pair<std::string, std::string>> keys_of_the_example(const std::vector<std::string>& lines) {
  std::set<std::string_view> known;
  for (const Field& field : fields()) known.insert(last_component(field.path));
  for (const Section& section : sections()) known.insert(last_component(section.path));
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto open = lines[i].find_first_not_of(' ');
    if (open == std::string::npos || lines[i][open] != '"') continue;
    const std::string key = lines[i].substr(open + 1, lines[i].find('"', open + 1) - open - 1);
    const bool is_key = lines[i].compare(open + 1 + key.size(), 2, "\":") == 0;
    if (is_key && known.count(key)) out.emplace_back(key, std::to_string(i + 1) + ":" + std::to_string(open + 1));
  }
  return out;
}

/// One slip of the finger: two neighbouring letters in the wrong order, or the last one left out.
std::string misspelt(std::string key) {
  for (std::size_t i = 1; i + 1 < key.size(); ++i)
    if (key[i] != key[i + 1]) {
      std::swap(key[i], key[i + 1]);
      return key;
    }
  key.pop_back();
  return key;
}

}  // namespace

TEST_CASE("generated files are those of the field table", "[settings]") {
  const bool write = std::getenv("SILTGATE_WRITE_GENERATED") != nullptr;
  const std::vector<std::pair<std::string, std::string>> files{
      {"config/schema.json", schema_text()}, {"docs/config.md", reference_text()}, {"config/example.jsonc", example_text()},
      {"docs/man/siltgate.jsonc.5", manual_page_text()}, {"docs/man/siltgate.1", siltgate::cli::manual_page_text()}};
  for (const auto& [path, text] : files) {
    if (write) std::ofstream(root_file(path)) << text;
    INFO(path << " differs from the tables in server/settings/fields.cpp and server/cli/; write it anew with: SILTGATE_WRITE_GENERATED=1 "
                 "build/dev/tests/unit_tests \"generated files are those of the field table\"");
    CHECK((contents(path) == text));
  }
}

TEST_CASE("the example has no fault and equals the defaults", "[settings]") {
  const auto loaded = sound("example.jsonc", example_text(), {});
  Overrides overrides;
  overrides.upstreams = {"https://api.z.ai/api/coding/paas/v4"};
  const auto outcome = load(overrides, ScriptedMachine{}.machine());
  CHECK(values(loaded) == values(std::get<Loaded>(outcome)));
}

TEST_CASE("the example with everything live has no fault and holds every field", "[settings]") {
  const auto loaded = sound("example.jsonc", example_text(true), world_of_the_examples());
  for (const Field& field : fields()) {
    const auto all = names_in(loaded.settings, field.path);
    REQUIRE_FALSE(all.empty());
    INFO(field.path);
    CHECK(loaded.origins.at(display_path(field.path, all.front())).from == Origin::From::file);
  }
}

TEST_CASE("every key, misspelt where it stands, is reported at its line and column with the key that was meant", "[settings]") {
  std::vector<std::string> lines;
  std::istringstream text(example_text(true));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  const auto keys = keys_of_the_example(lines);
  CHECK(keys.size() >= 40);
  const ScriptedMachine world = world_of_the_examples();
  for (const auto& [key, where] : keys) {
    auto slipped = lines;
    std::string& line = slipped[static_cast<std::size_t>(std::stoi(where)) - 1];
    line.replace(line.find(key), key.size(), misspelt(key));
    std::string all;
    for (const std::string& each : slipped) all += each + "\n";
    const auto outcome = load_text("f", all, world.machine());
    INFO(where << " " << misspelt(key));
    REQUIRE(std::holds_alternative<Refused>(outcome));
    const auto& errors = std::get<Refused>(outcome).errors;
    const auto told = std::find_if(errors.begin(), errors.end(), [&where = where](const Diagnostic& each) { return each.where == "f:" + where; });
    REQUIRE(told != errors.end());
    CHECK(told->message.find("did you mean \"" + key + "\"?") != std::string::npos);
  }
}

TEST_CASE("the schema knows every field and is closed everywhere", "[settings]") {
  const auto schema = nlohmann::json::parse(schema_text());
  for (const Field& field : fields()) {
    const nlohmann::json* at = &schema;
    std::istringstream parts{std::string(field.path)};
    std::string part;
    while (std::getline(parts, part, '.')) {
      if (part == "*")
        at = at->contains("items") ? &(*at)["items"]["anyOf"][1] : &(*at)["additionalProperties"];
      else {
        CHECK((*at)["additionalProperties"] == false);
        at = &(*at)["properties"][part];
      }
    }
    INFO(field.path);
    CHECK((*at)["description"].get<std::string>().find(field.why) == 0);
  }
}

TEST_CASE("the reference names every key and every variable", "[settings]") {
  const auto text = reference_text();
  for (const Field& field : fields()) CHECK(text.find("`" + std::string(last_component(field.path) == "*" ? "<name>" : last_component(field.path)) + "`") != std::string::npos);
  for (const auto& variable : variables()) CHECK(text.find(std::string(variable.name)) != std::string::npos);
}

TEST_CASE("the configurations that ship have no fault and no doubt", "[settings]") {
  for (std::string path : {"config/example.jsonc", "config/zai.jsonc", "config/vm-host.jsonc", "config/team.jsonc"}) {
    REQUIRE_FALSE(contents(path).empty());
    CHECK(sound(path, contents(path), world_of_the_examples()).warnings.empty());
  }
}

TEST_CASE("a configuration that uses every section is read as written", "[settings]") {
  const auto text = R"({
  "$schema": "./schema.json",
  "keep_alive": "auto",
  "listen": ["127.0.0.1:4290", { "address": "192.168.64.1:4290", "wait": true, "allow": ["192.168.64.0/24"] }],
  "providers": {
    "zai": {
      "base_url": "https://api.z.ai/api/coding/paas/v4",
      "format": "openai",                    // openai | anthropic | auto (by path)
      "profile": "zai", "auth": "passthrough",
      "keys": { "team": { "value": "{file:/etc/siltgate/keys/zai}", "concurrency": 3 } },
      "limits": { "concurrency": 1, "per": "key+model", "start_interval": "0ms",
                  "requests_per_minute": 0, "tokens_per_minute": 0, "release_delay": "0ms" },
      "models": { "glm-4.5-air": { "concurrency": 5 } },
      "groups": { "glm-4.x": { "models": ["glm-4.6", "glm-4.7"], "concurrency": 2 } },
      "retry": { "attempts": 6, "max_wait": "5m" },
      "timeouts": { "connect": "10s", "first_byte": "10m", "idle": "2m" },
      "delivery": "stream", "proxy": "env", "ca_file": "", "tls_min": "1.2"
    }
  },
  "default_provider": "zai",
  "limits": {
    "concurrency": "auto", "total": 0,
    "queue": { "max_waiting": 64, "max_wait": "10m", "order": "fair", "early_headers_after": "240s", "heartbeat": "10s" },
    "repeat": { "max": 8, "window": "60s" },
    "connections": 1024, "request_body": "64MiB", "response_body": "64MiB", "event": "32MiB"
  },
  "validate": { "content_type": "reject", "utf8": "reject", "sse": "reject", "json": "reject", "shape": "reject",
                "splice": "reject", "finish": "reject", "finish_reason": "repair", "tool_arguments": "flag", "garble": "flag" },
  "shared": { "redis": "", "prefix": "siltgate:", "lease": "15s", "when_down": "local" },
  "client_tokens": {},
  "stream_failure": "auto", "drain": "30s",
  "capture": { "mode": "rejected", "max_total": "256MiB", "max_age": "7d" },
  "log": { "level": "info", "format": "auto" },
  "admin": { "path": "/-/", "allow": ["127.0.0.0/8", "::1/128"], "allowed_hosts": ["localhost"] }
})";
  const auto loaded = sound("f", text, world_of_the_examples());
  CHECK(loaded.warnings.empty());
  const auto& zai = loaded.settings.flow.providers.at(0);
  CHECK(zai.keys.at(0).value == "secret-file");
  CHECK(zai.limits.keys.at("team").count == 3);
  CHECK(zai.limits.models.at("glm-4.5-air").count == 5);
  CHECK(zai.limits.groups.at("glm-4.x").models.size() == 2);
  CHECK(loaded.settings.listen.at(1).wait);
  CHECK(loaded.settings.listen.at(1).allow == std::vector<std::string>{"192.168.64.0/24"});
}

TEST_CASE("every section and field explains itself in one line", "[settings]") {
  for (const Field& field : fields()) {
    INFO(field.path);
    CHECK(field.why.size() > 10);
    CHECK(field.why.back() != '.');
    CHECK(find_section(parent_path(field.path)) != nullptr);
    CHECK((field.type == Type::choice) == !field.words.empty());
    CHECK_FALSE(field.example.empty());
    CHECK((!default_of(field).empty() || field.required || !field.fallback.empty()));
  }
  for (const Section& section : sections()) CHECK(section.why.size() > 5);
}
