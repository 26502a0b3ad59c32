// SPDX-License-Identifier: Apache-2.0
#include "settings/generate.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "settings/field_table.hpp"
#include "support/catch.hpp"
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
  world.file("/etc/ssl/certs/corporate.pem", "-----BEGIN CERTIFICATE-----");
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

}  // namespace

TEST_CASE("generated files are those of the field table", "[settings]") {
  const bool write = std::getenv("SILTGATE_WRITE_GENERATED") != nullptr;
  const std::vector<std::pair<std::string, std::string>> files{
      {"config/schema.json", schema_text()}, {"docs/config.md", reference_text()}, {"config/example.jsonc", example_text()}};
  for (const auto& [path, text] : files) {
    if (write) std::ofstream(root_file(path)) << text;
    INFO(path << " differs from the table in server/settings/fields.cpp; write it anew with: SILTGATE_WRITE_GENERATED=1 "
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
  for (const Field& field : fields()) CHECK(text.find("`" + std::string(last_component(field.path) == "*" ? "&lt;name>" : last_component(field.path)) + "`") != std::string::npos);
  for (const auto& variable : variables()) CHECK(text.find(std::string(variable.name)) != std::string::npos);
}

TEST_CASE("the configurations that ship have no fault and no doubt", "[settings]") {
  for (std::string path : {"config/example.jsonc", "config/zai.jsonc", "config/vm-host.jsonc", "config/team.jsonc"}) {
    REQUIRE_FALSE(contents(path).empty());
    CHECK(sound(path, contents(path), world_of_the_examples()).warnings.empty());
  }
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
