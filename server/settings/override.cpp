// SPDX-License-Identifier: Apache-2.0
#include "settings/override.hpp"

#include <algorithm>

#include "schedule/refusal.hpp"
#include "settings/blot.hpp"
#include "settings/field_table.hpp"
#include "settings/fill.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

/// What a flag or its variable says, and which of the two said it.
struct Said {
  std::vector<std::string> values;
  Origin::From from = Origin::From::flag;
  std::string name;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(", \t\n", at)) != std::string::npos) {
    const auto end = std::min(text.find_first_of(", \t\n", at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

class Overlay {
 public:
  Overlay(const Machine& machine, Settings& settings, Origins& origins)
      : machine_(machine), settings_(settings), origins_(origins) {}

  std::vector<Diagnostic> run(const Overrides& overrides) {
    upstreams(said(overrides.upstreams, "--upstream", "SILTGATE_UPSTREAM"));
    listen(said(overrides.listen, "--listen", "SILTGATE_LISTEN"));
    concurrency(said(one(overrides.concurrency), "--concurrency", "SILTGATE_CONCURRENCY"));
    single("capture.mode", said(one(overrides.capture), "--capture", "SILTGATE_CAPTURE"));
    single("log.format", said(one(overrides.log_format), "--log-format", "SILTGATE_LOG_FORMAT"));
    level(overrides);
    return std::move(faults_);
  }

 private:
  static std::vector<std::string> one(const std::optional<std::string>& value) {
    return value ? std::vector<std::string>{*value} : std::vector<std::string>{};
  }

  Said said(const std::vector<std::string>& flags, const std::string& flag, const std::string& variable) const {
    if (!flags.empty()) return {flags, Origin::From::flag, flag};
    const auto value = machine_.env(variable);
    return {value ? split(*value) : std::vector<std::string>{}, Origin::From::environment, variable};
  }

  void fault(const Said& by, std::string message) {
    for (const std::string& value : by.values) message = without_secrets_of(std::move(message), value);
    faults_.push_back({by.name, std::move(message), ""});
  }

  bool put(std::string_view path, const Names& names, const std::string& text, const Said& by) {
    const Field& field = *find_field(path);
    Node node;
    const bool number = !text.empty() && text.find_first_not_of("-0123456789") == std::string::npos;
    node.kind = field.type == Type::concurrency && number ? Kind::number : Kind::string;
    node.text = text;
    const auto reading = read_value(field, node, field.slot(settings_, names), machine_);
    for (const Complaint& complaint : reading.complaints) fault(by, complaint.message);
    if (reading.set) origins_[display_path(path, names)] = {by.from, by.name, {}, {}, reading.referenced ? text : ""};
    return reading.set;
  }

  void single(std::string_view path, const Said& by) {
    if (!by.values.empty()) put(path, {}, by.values.back(), by);
  }

  void concurrency(const Said& by) {
    if (by.values.empty() || !put("limits.concurrency", {}, by.values.back(), by)) return;
    for (auto& provider : settings_.flow.providers) put("providers.*.limits.concurrency", {provider.name}, by.values.back(), by);
  }

  void listen(const Said& by) {
    if (by.values.empty()) return;
    for (auto it = origins_.begin(); it != origins_.end();) it = it->first.starts_with("listen[") ? origins_.erase(it) : std::next(it);
    settings_.listen.assign(by.values.size(), Listen{});
    for (std::size_t i = 0; i < by.values.size(); ++i) put("listen.*.address", {std::to_string(i)}, by.values[i], by);
  }

  /// A free name for an upstream given without one: that of its profile, "demo" or "upstream"; the file's own when it is
  /// the same host.
  std::string name_for(const Url& url) const {
    const std::string profile = url.scheme == "demo" ? "demo" : std::string(schedule::profile_for_host(url.host));
    const std::string base = profile == "generic" ? "upstream" : profile;
    for (int n = 1;; ++n) {
      const std::string name = n == 1 ? base : base + std::to_string(n);
      const auto& all = settings_.flow.providers;
      const auto taken = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; });
      const bool ours = taken != all.end() && taken->base_url.host == url.host && taken->base_url.scheme == url.scheme &&
                        std::find(named_.begin(), named_.end(), name) == named_.end();
      if (taken == all.end() || ours) return name;
    }
  }

  void upstream(const std::string& text, const Said& by) {
    const auto equals = text.find('=');
    const bool has_name = equals != std::string::npos && text.substr(0, equals).find_first_of(":/") == std::string::npos;
    const std::string address = has_name ? text.substr(equals + 1) : text;
    std::string name = has_name ? text.substr(0, equals) : "";
    if (has_name) {
      if (auto bad = name_fault("providers", name); !bad.empty()) return fault(by, bad);
    } else {
      const auto url = parse_url(address);
      name = url ? name_for(*url) : "upstream";
    }
    if (std::find(named_.begin(), named_.end(), name) != named_.end()) return fault(by, "the upstream \"" + name + "\" is given twice");
    if (!put("providers.*.base_url", {name}, address, by)) return;
    if (named_.empty()) put("default_provider", {}, name, by);
    named_.push_back(name);
  }

  void upstreams(const Said& by) {
    for (const auto& text : by.values) upstream(text, by);
  }

  /// Is this switch on? A variable is on with 1, true, yes, on.
  Said flag_switch(bool flag, const std::string& name, const std::string& variable) {
    if (flag) return {{"on"}, Origin::From::flag, name};
    Said by{{}, Origin::From::environment, variable};
    const auto value = machine_.env(variable);
    if (!value || value->empty() || *value == "0" || *value == "false" || *value == "no" || *value == "off") return by;
    if (*value == "1" || *value == "true" || *value == "yes" || *value == "on")
      by.values = {"on"};
    else
      fault(by, "expected 1 or 0, not \"" + value->substr(0, 20) + '"');
    return by;
  }

  void level(const Overrides& overrides) {
    const Said debug = flag_switch(overrides.debug, "--debug", "SILTGATE_DEBUG");
    const Said quiet = flag_switch(overrides.quiet, "--quiet", "SILTGATE_QUIET");
    if (!debug.values.empty())
      put("log.level", {}, "debug", debug);
    else if (!quiet.values.empty())
      put("log.level", {}, "warn", quiet);
  }

  const Machine& machine_;
  Settings& settings_;
  Origins& origins_;
  std::vector<std::string> named_;
  std::vector<Diagnostic> faults_;
};

}  // namespace

std::vector<Diagnostic> apply_overrides(const Overrides& overrides, const Machine& machine, Settings& settings, Origins& origins) {
  return Overlay(machine, settings, origins).run(overrides);
}

}  // namespace siltgate::settings
