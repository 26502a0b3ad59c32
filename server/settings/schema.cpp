// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "settings/field_table.hpp"
#include "settings/generate.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

using Json = nlohmann::ordered_json;

Json string_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}, {"uniqueItems", true}}; }

Json type_of(const Field& field) {
  switch (field.type) {
    case Type::boolean: return {{"type", "boolean"}};
    case Type::integer: return {{"type", "integer"}, {"minimum", field.zero.empty() ? field.min : 0}, {"maximum", field.max}};
    case Type::duration: return {{"type", "string"}, {"pattern", "^(0|([0-9]+(d|h|ms|m|s|us))+)$"}};
    case Type::bytes: return {{"type", "string"}, {"pattern", "^(0|[0-9]+(B|KB|MB|GB|KiB|MiB|GiB))$"}};
    case Type::concurrency: return {{"anyOf", Json::array({{{"type", "integer"}, {"minimum", 1}, {"maximum", field.max}}, {{"const", "auto"}}})}};
    case Type::networks:
    case Type::hosts: return string_list();
    case Type::texts: {
      Json out = string_list();
      out["minItems"] = field.min;
      return out;
    }
    case Type::choice: {
      Json out{{"enum", Json::array()}};
      for (const Word& word : field.words) out["enum"].push_back(std::string(word.name));
      return out;
    }
    default: return {{"type", "string"}};
  }
}

Json schema_of(const Branch& branch);

Json field_schema(const Field& field) {
  Json out = type_of(field);
  std::string why(field.why);
  if (auto range = range_text(field); !range.empty()) why += " (" + range + ")";
  if (!field.fallback.empty()) why += "; default: " + std::string(field.fallback);
  out["description"] = why;
  if (auto value = default_of(field); !value.empty()) out["default"] = Json::parse(value);
  if (!field.example.empty()) out["examples"] = Json::array({Json::parse(field.example)});
  return out;
}

Json object_schema(const Branch& branch) {
  Json out{{"type", "object"}, {"description", std::string(branch.section->why)}, {"additionalProperties", false}};
  if (branch.path.empty()) out["properties"]["$schema"] = {{"type", "string"}, {"description", "for editors; siltgate does not read it"}};
  Json required = Json::array();
  for (const Branch& one : branch.branches) {
    out["properties"][one.name] = schema_of(one);
    if (one.field && one.field->required) required.push_back(one.name);
  }
  if (!required.empty()) out["required"] = required;
  return out;
}

Json schema_of(const Branch& branch) {
  if (branch.field) return field_schema(*branch.field);
  const Shape shape = branch.section->shape;
  if (shape == Shape::object) return object_schema(branch);
  const Json inside = schema_of(branch.branches.front());
  const std::string why(branch.section->why);
  if (shape == Shape::named) return {{"type", "object"}, {"description", why}, {"additionalProperties", inside}};
  const Json text{{"type", "string"}, {"description", std::string(find_field("listen.*.address")->why)}};
  return {{"type", "array"}, {"description", why}, {"minItems", 1}, {"items", {{"anyOf", Json::array({text, inside})}}}};
}

}  // namespace

std::string schema_text() {
  Json out{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "siltgate"}};
  out.update(schema_of(field_tree()));
  return out.dump(2) + "\n";
}

}  // namespace siltgate::settings
