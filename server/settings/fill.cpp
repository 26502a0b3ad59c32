// SPDX-License-Identifier: Apache-2.0
#include "settings/fill.hpp"

#include <algorithm>
#include <array>

#include "settings/suggest.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

/// What other programs call our keys.
struct Alias {
  std::string_view theirs, ours;
};
constexpr std::array<Alias, 15> aliases{{{"port", "listen"}, {"bind", "listen"}, {"host", "listen"}, {"url", "base_url"},
                                         {"api_base", "base_url"}, {"api_key", "keys"}, {"apiKey", "keys"}, {"key", "keys"},
                                         {"upstream", "providers"}, {"upstreams", "providers"}, {"timeout", "timeouts"},
                                         {"max_concurrency", "concurrency"}, {"tokens", "client_tokens"},
                                         {"max_retries", "attempts"}, {"rpm", "requests_per_minute"}}};

/// The keys a section has, in table order.
std::vector<std::string> keys_of(std::string_view section) {
  std::vector<std::string> out;
  auto add = [&](std::string_view path) {
    if (path.empty() || parent_path(path) != section) return;
    const std::string key(last_component(path));
    if (key != "*" && std::find(out.begin(), out.end(), key) == out.end()) out.push_back(key);
  };
  for (const Field& field : fields()) add(field.path);
  for (const Section& section_entry : sections()) add(section_entry.path);
  return out;
}

/// The sections that do have `key`.
std::vector<std::string> homes_of(std::string_view key) {
  std::vector<std::string> out;
  for (const Section& section : sections()) {
    const auto keys = keys_of(section.path);
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) out.emplace_back(section.path);
  }
  return out;
}

/// "under limits.queue", "at the top level", or several of them joined by "or".
std::string places(const std::vector<std::string>& homes, std::string_view asked_in, const Names& names) {
  std::string out;
  for (std::size_t i = 0; i < homes.size() && i < 4; ++i) {
    const bool same_root = homes[i].substr(0, homes[i].find('.')) == asked_in.substr(0, asked_in.find('.'));
    const Names known = same_root && !names.empty() ? Names{names[0]} : Names{};
    if (i > 0) out += i + 1 == std::min<std::size_t>(homes.size(), 4) ? " or " : ", ";
    out += homes[i].empty() ? "at the top level" : "under " + display_path(homes[i], known);
  }
  return out;
}

class Fill {
 public:
  Fill(Source& source, Settings& settings, Origins& origins, const Machine& machine)
      : source_(source), settings_(settings), origins_(origins), machine_(machine) {}

  std::vector<Complaint> run(const Node& root) {
    walk(root, "", {});
    return std::move(complaints_);
  }

 private:
  void complain(Span span, std::string message) { complaints_.push_back({span, std::move(message)}); }

  void walk(const Node& node, const std::string& path, const Names& names) {
    if (node.kind == Kind::broken) return;
    if (const Field* field = find_field(path)) return value(*field, node, names);
    const Section* section = find_section(path);
    if (section->shape == Shape::list) return list(node, path, names);
    if (path == "listen.*" && node.kind == Kind::string) return value(*find_field("listen.*.address"), node, names);
    if (node.kind != Kind::object) return not_an_object(*section, node, names);
    for (const Node& member : node.items) {
      if (section->shape == Shape::named)
        named_member(member, path, names);
      else
        object_member(member, path, names);
    }
    for (const Field& field : fields())
      if (field.required && parent_path(field.path) == path && !node.find(last_component(field.path)))
        complain(node.key.empty() ? Span{node.span.begin, node.span.begin + 1} : node.key_span,
                 display_path(path, names) + " needs \"" + std::string(last_component(field.path)) + "\": " + std::string(field.example));
  }

  void not_an_object(const Section& section, const Node& node, const Names& names) {
    const std::string parent(parent_path(section.path));
    const auto keys = keys_of(section.path);
    const bool is_key = section.path.ends_with("*") && std::find(keys.begin(), keys.end(), node.key) != keys.end();
    if (is_key)
      return complain(node.key_span, parent + " holds names first: write \"" + last_name(parent) + "\": { \"" +
                                         std::string(find_section(parent)->example) + "\": { \"" + node.key + "\": … } }");
    std::string advice;
    if (!keys.empty() && keys.front() == "concurrency" && node.kind == Kind::number) advice = "; write { \"concurrency\": " + node.text + " }";
    const bool secret = section.path.find("keys") != std::string_view::npos;
    if (secret && node.kind == Kind::string) source_.hide({node.span.begin + 1, node.span.end - 1});
    const std::string what = section.path.empty() ? "the configuration" : display_path(section.path, names);
    complain(node.span, what + " takes an object { … }, not " + found_text(node, secret) + advice);
  }

  static std::string last_name(std::string_view path) { return std::string(last_component(path)); }

  void list(const Node& node, const std::string& path, const Names& names) {
    if (node.kind != Kind::array) {
      const std::string advice = node.kind == Kind::string ? "; put it in brackets: [\"" + node.text + "\"]" : "";
      return complain(node.span, path + " takes a list such as [\"127.0.0.1:4290\"], not " + found_text(node, false) + advice);
    }
    if (node.items.empty()) complain(node.span, path + " is empty: nobody could connect; leave the key out for 127.0.0.1:4290");
    settings_.listen.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      Names longer = names;
      longer.push_back(std::to_string(i));
      note(path + ".*", longer, node.items[i], false);
      walk(node.items[i], path + ".*", longer);
    }
    if (settings_.listen.empty()) settings_.listen.emplace_back();
  }

  void named_member(const Node& member, const std::string& path, const Names& names) {
    if (auto fault = name_fault(path, member.key); !fault.empty()) return complain(member.key_span, fault);
    Names longer = names;
    longer.push_back(member.key);
    note(path + ".*", longer, member, false);
    walk(member, path + ".*", longer);
  }

  void object_member(const Node& member, const std::string& path, const Names& names) {
    if (path.empty() && member.key == "$schema") return;  // for editors
    const std::string child = child_path(path, member.key);
    if (member.key != "*" && member.key.find('.') == std::string::npos && (find_field(child) || find_section(child)))
      return walk(member, child, names);
    complain(member.key_span, unknown_key_message(path, names, member.key));
  }

  void note(std::string_view path, const Names& names, const Node& node, bool referenced) {
    origins_[display_path(path, names)] = {Origin::From::file, "", node.key.empty() ? node.span : node.key_span, node.span,
                                           referenced ? node.text : ""};
  }

  void value(const Field& field, const Node& node, const Names& names) {
    auto reading = read_value(field, node, field.slot(settings_, names), machine_);
    if (field.type == Type::secret && node.kind == Kind::string && !reading.referenced) source_.hide({node.span.begin + 1, node.span.end - 1});
    for (Complaint& one : reading.complaints) complaints_.push_back(std::move(one));
    if (!reading.set) return;
    note(field.path, names, node, reading.referenced);
    for (std::size_t i = 0; i < node.items.size(); ++i)
      origins_[display_path(field.path, names) + "[" + std::to_string(i) + "]"] = {Origin::From::file, "", node.items[i].span, node.items[i].span, ""};
  }

  Source& source_;
  Settings& settings_;
  Origins& origins_;
  const Machine& machine_;
  std::vector<Complaint> complaints_;
};

}  // namespace

std::string unknown_key_message(std::string_view section, const Names& names, std::string_view key) {
  const auto local = keys_of(section);
  const std::string unknown = "unknown key \"" + std::string(key) + "\" " +
                              (section.empty() ? "at the top level" : "in " + display_path(section, names));
  // 1. The key exists, elsewhere.
  if (auto homes = homes_of(key); !homes.empty()) return unknown + "; it belongs " + places(homes, section, names);
  // 2. A misspelling of a key of this section.
  if (auto best = nearest(key, local); !best.empty()) return unknown + "; did you mean \"" + best + "\"?";
  // 3. Another program's word.
  for (const Alias& alias : aliases) {
    if (alias.theirs != key) continue;
    const bool here = std::find(local.begin(), local.end(), alias.ours) != local.end();
    return unknown + "; did you mean \"" + std::string(alias.ours) + "\"" + (here ? "?" : ", " + places(homes_of(alias.ours), section, names) + "?");
  }
  // 4. A misspelling of a key elsewhere.
  std::vector<std::string> all;
  for (const Section& one : sections())
    for (auto& each : keys_of(one.path)) all.push_back(each);
  if (auto best = nearest(key, all); !best.empty())
    return unknown + "; did you mean \"" + best + "\", " + places(homes_of(best), section, names) + "?";
  // 5. Nothing like it.
  return unknown + "; it takes " + quoted_list(local, " and ");
}

std::string name_fault(std::string_view section, std::string_view name) {
  if (name.empty()) return "a name must not be empty";
  if (name.size() > 128) return "a name has at most 128 characters";
  if (section == "providers.*.models") return "";
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  const std::string shown = '"' + std::string(name) + '"';
  if (!std::all_of(name.begin(), name.end(), fits) || name.front() == '.' || name.front() == '-')
    return shown + " cannot be a name here; names have letters, digits, . _ - and begin with a letter or digit";
  if (section != "providers") return "";
  for (std::string_view taken : {"v1", "chat", "models", "messages", "responses", "completions", "embeddings", "files"})
    if (name == taken) return "a provider cannot be called " + shown + ": /" + std::string(name) + " is a path of the APIs themselves";
  return "";
}

std::vector<Complaint> fill_settings(Source& source, const Node& root, Settings& settings, Origins& origins,
                                     const Machine& machine) {
  return Fill(source, settings, origins, machine).run(root);
}

}  // namespace siltgate::settings
