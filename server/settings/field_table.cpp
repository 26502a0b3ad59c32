// SPDX-License-Identifier: Apache-2.0
// Sections, paths and the showing of values; the entries of the table stand in fields.cpp.
#include "settings/field_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "settings/address.hpp"

namespace siltgate::settings {
namespace {

std::string in_quotes(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string url_text(const Url& url) {
  if (url.scheme.empty()) return "";
  if (url.scheme == "demo") return in_quotes("demo:");
  return in_quotes(url.scheme + "://" + (url.userinfo.empty() ? "" : url.userinfo + "@") + url.authority() + url.path);
}

std::string proxy_text(const net::ProxyConfig& proxy) {
  if (proxy.mode == net::ProxyConfig::Mode::url) return proxy.url ? url_text(*proxy.url) : "";
  return proxy.mode == net::ProxyConfig::Mode::env ? "\"env\"" : "\"none\"";
}

std::string concurrency_text(const schedule::Concurrency& value) {
  using Mode = schedule::Concurrency::Mode;
  if (value.mode == Mode::unset) return "";
  return value.mode == Mode::automatic ? "\"auto\"" : std::to_string(value.count);
}

std::string list_text(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + in_quotes(item);
  return "[" + out + "]";
}

struct Show {
  const Field& field;
  std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
  std::string operator()(const int* v) const { return std::to_string(*v); }
  std::string operator()(const std::int64_t* v) const { return std::to_string(*v); }
  std::string operator()(const Duration* v) const { return in_quotes(format_duration(*v)); }
  std::string operator()(const Bytes* v) const { return in_quotes(format_bytes(*v)); }
  std::string operator()(const std::string* v) const { return v->empty() && !field.fallback.empty() ? "" : in_quotes(*v); }
  std::string operator()(const std::vector<std::string>* v) const { return list_text(*v); }
  std::string operator()(const schedule::Concurrency* v) const { return concurrency_text(*v); }
  std::string operator()(const Url* v) const { return url_text(*v); }
  std::string operator()(const net::ProxyConfig* v) const { return proxy_text(*v); }
  std::string operator()(const Listen* v) const { return in_quotes(format_address(v->address, v->port)); }
  std::string operator()(const ChoiceSlot& v) const {
    for (const Word& word : field.words)
      if (word.value == v.get(v.place)) return in_quotes(word.name);
    return "";
  }
};

/// The names directly below a section of shape named or list.
Names names_below(const Settings& s, std::string_view section, const Names& so_far) {
  Names out;
  if (section == "listen")
    for (std::size_t i = 0; i < s.listen.size(); ++i) out.push_back(std::to_string(i));
  if (section == "client_tokens")
    for (const auto& token : s.client_tokens) out.push_back(token.first);
  for (const auto& provider : s.flow.providers) {
    if (section == "providers") out.push_back(provider.name);
    if (so_far.empty() || provider.name != so_far[0]) continue;
    if (section == "providers.*.keys")
      for (const auto& key : provider.keys) out.push_back(key.name);
    if (section == "providers.*.models")
      for (const auto& model : provider.limits.models) out.push_back(model.first);
    if (section == "providers.*.groups")
      for (const auto& group : provider.limits.groups) out.push_back(group.first);
  }
  return out;
}

bool plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto dot = path.find('.');
    out.emplace_back(path.substr(0, dot));
    path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  }
  return out;
}

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> all{
      {"", Shape::object, "the configuration of siltgate"},
      {"listen", Shape::list, "where clients connect: \"ADDRESS:PORT\", or an object with more"},
      {"listen.*", Shape::object, "one listener"},
      {"providers", Shape::named, "the providers by name; /NAME/v1/… selects one", "zai"},
      {"providers.*", Shape::object, "one provider"},
      {"providers.*.class_delivery", Shape::object, "delivery by class of request, where it differs"},
      {"providers.*.keys", Shape::named, "the provider's API keys by public name", "team"},
      {"providers.*.keys.*", Shape::object, "one key"},
      {"providers.*.limits", Shape::object, "what the provider allows"},
      {"providers.*.models", Shape::named, "models with a cap of their own", "glm-4.5-air"},
      {"providers.*.models.*", Shape::object, "one model"},
      {"providers.*.groups", Shape::named, "models that share one quota", "glm-4.x"},
      {"providers.*.groups.*", Shape::object, "one group"},
      {"providers.*.retry", Shape::object, "attempts after refusals and damage before the first delivered byte"},
      {"providers.*.timeouts", Shape::object, "how long the provider may take"},
      {"limits", Shape::object, "bounds of this instance"},
      {"limits.queue", Shape::object, "requests waiting for a permit"},
      {"limits.repeat", Shape::object, "agents that send the same request over and over"},
      {"validate", Shape::object, "what to do with damage: pass, flag, repair, drop or reject"},
      {"shared", Shape::object, "several instances on the same caps"},
      {"client_tokens", Shape::named, "who may use siltgate, by name", "alice"},
      {"capture", Shape::object, "recordings of exchanges"},
      {"log", Shape::object, "the log on standard error"},
      {"admin", Shape::object, "dashboard, metrics, health"},
  };
  return all;
}

const Field* find_field(std::string_view path) {
  for (const Field& field : fields())
    if (field.path == path) return &field;
  return nullptr;
}

const Section* find_section(std::string_view path) {
  for (const Section& section : sections())
    if (section.path == path) return &section;
  return nullptr;
}

std::string child_path(std::string_view parent, std::string_view key) {
  return parent.empty() ? std::string(key) : std::string(parent) + "." + std::string(key);
}

std::string_view parent_path(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? "" : path.substr(0, dot);
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string display_path(std::string_view path, const Names& names) {
  std::string out, so_far;
  std::size_t used = 0;
  for (const std::string& part : components(path)) {
    const Section* parent = find_section(so_far);
    so_far = child_path(so_far, part);
    if (part != "*") {
      out = child_path(out, part);
      continue;
    }
    const bool list = parent && parent->shape == Shape::list;
    const std::string name = used < names.size() ? names[used] : list ? "" : "<name>";
    const bool known = used++ < names.size();
    if (list)
      out += "[" + name + "]";
    else
      out = child_path(out, !known || plain(name) ? name : in_quotes(name));
  }
  return out;
}

std::vector<Names> names_in(const Settings& settings, std::string_view path) {
  std::vector<Names> all{{}};
  std::string so_far;
  for (const std::string& part : components(path)) {
    if (part == "*") {
      std::vector<Names> longer;
      for (const Names& names : all)
        for (const std::string& name : names_below(settings, so_far, names)) {
          longer.push_back(names);
          longer.back().push_back(name);
        }
      all = std::move(longer);
    }
    so_far = child_path(so_far, part);
  }
  return all;
}

std::string show(const Field& field, const Slot& slot) { return std::visit(Show{field}, slot); }

std::string default_of(const Field& field) {
  if (field.required && field.type != Type::address) return "";
  Settings fresh;
  return show(field, field.slot(fresh, {"0", "0"}));
}

Branch field_tree() {
  Branch root;
  root.section = find_section("");
  for (const Field& field : fields()) {
    Branch* at = &root;
    for (const std::string& part : components(field.path)) {
      auto found = std::find_if(at->branches.begin(), at->branches.end(), [&](const Branch& b) { return b.name == part; });
      if (found == at->branches.end()) {
        Branch branch;
        branch.name = part;
        branch.path = child_path(at->path, part);
        branch.section = find_section(branch.path);
        branch.field = find_field(branch.path);
        at->branches.push_back(std::move(branch));
        found = at->branches.end() - 1;
      }
      at = &*found;
    }
  }
  return root;
}

}  // namespace siltgate::settings
