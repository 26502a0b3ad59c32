// SPDX-License-Identifier: Apache-2.0
// opencode.json: built-in providers get another baseURL, custom ones likewise, the small model a mark of background work.
// With the demo provider behind siltgate a provider "demo" is made.
#include <algorithm>

#include "base/url.hpp"
#include "setup/plan.hpp"

namespace siltgate::setup {
namespace {

using settings::Kind;
using settings::Node;

constexpr std::string_view example = R"({ "provider": { "zai-coding-plan": { "options": { "baseURL": "http://127.0.0.1:4290/v1" } } } })";

const Node* walk(const Node& root, const std::vector<std::string>& path) {
  const Node* at = &root;
  for (const std::string& name : path)
    if (at) at = at->find(name);
  return at;
}

std::string text_at(const Node& root, const std::vector<std::string>& path) {
  const Node* node = walk(root, path);
  return node && node->kind == Kind::string ? node->text : "";
}

/// One provider of opencode and where it goes without siltgate.
struct Target {
  std::string id;
  std::string upstream;
};

class Planner {
 public:
  Planner(const Wish& wish, const Gate& gate, const settings::Machine& machine, Plan& plan)
      : wish_(wish), gate_(gate), machine_(machine), plan_(plan), root_(settings::parse_jsonc(plan.before.empty() ? "{}" : plan.before).root) {}

  void run() {
    std::vector<Target> targets = wish_.providers.empty() ? used_targets() : wished_targets();
    if (!plan_.faults.empty()) return;
    const bool demo = wish_.providers.empty() ? gate_.default_provider() && gate_.default_provider()->base_url == "demo:"
                                              : std::find(wish_.providers.begin(), wish_.providers.end(), "demo") != wish_.providers.end();
    put_schema();
    if (demo) add_demo();
    if (targets.empty() && !demo) targets = fallback();
    if (!plan_.faults.empty()) return;
    for (const Target& each : targets) lead(each, targets.size() + demo == 1);
    mark_small_model(targets);
    take_edit(plan_, edit_jsonc(plan_.before, changes_), example);
  }

 private:
  bool leads_to_gate(const std::string& url) const { return url == gate_.origin() || url.starts_with(gate_.origin() + "/"); }

  std::string upstream_of(const std::string& id) const {
    const std::string own = text_at(root_, {"provider", id, "options", "baseURL"});
    if (!own.empty() && !leads_to_gate(own)) return own;
    for (const BuiltIn& each : opencode_built_ins())
      if (each.id == id) return std::string(each.upstream);
    return served_as(id);
  }

  /// What siltgate serves under the name `id`, or on a host that has it for a label: "openrouter" and openrouter.ai.
  std::string served_as(const std::string& id) const {
    for (const Gate::Provider& each : gate_.providers) {
      const auto url = parse_url(each.base_url);
      if (each.name == id || (url && ('.' + url->host + '.').find('.' + id + '.') != std::string::npos)) return each.base_url;
    }
    return {};
  }
  bool led_already(const std::string& id) const { return leads_to_gate(text_at(root_, {"provider", id, "options", "baseURL"})); }

  std::vector<Target> wished_targets() {
    std::vector<Target> out;
    for (const std::string& id : wish_.providers) {
      if (id == "demo" && upstream_of(id).empty()) continue;
      std::string upstream = upstream_of(id);
      if (upstream.empty() && !led_already(id) && gate_.providers.size() == 1) {
        upstream = gate_.providers.front().base_url;
        plan_.notes.push_back(id + " is taken for the provider that this siltgate serves, " + upstream);
      }
      if (upstream.empty() && !led_already(id) && wish_.base_url.empty()) {
        std::string known;
        for (const BuiltIn& each : opencode_built_ins()) known += (known.empty() ? "" : ", ") + std::string(each.id);
        plan_.faults.push_back({plan_.file, "no provider \"" + id + "\" with options.baseURL stands here, and it is none of the built-in ones that siltgate knows (" +
                                                known + "); write one, or name one of these with --provider", ""});
      }
      out.push_back({id, upstream});
    }
    return out;
  }

  void add_if_known(std::vector<Target>& out, const std::string& id) const {
    const bool there = std::any_of(out.begin(), out.end(), [&](const Target& each) { return each.id == id; });
    const std::string upstream = upstream_of(id);
    if (!there && (!upstream.empty() || led_already(id))) out.push_back({id, upstream});
  }

  /// The providers this file configures, those its models belong to, and those somebody has logged in to.
  std::vector<Target> used_targets() {
    std::vector<Target> all;
    if (const Node* providers = root_.find("provider"); providers && providers->kind == Kind::object)
      for (const Node& each : providers->items) add_if_known(all, each.key);
    for (const char* key : {"model", "small_model"})
      if (const std::string model = text_at(root_, {key}); !model.empty()) add_if_known(all, model.substr(0, model.find('/')));
    std::string data = machine_.env("XDG_DATA_HOME").value_or("");
    if (data.empty()) data = home_of(machine_) + "/.local/share";
    const settings::Parsed logins = settings::parse_jsonc(machine_.read(data + "/opencode/auth.json").text);
    for (const Node& each : logins.root.items) add_if_known(all, each.key);
    if (gate_.providers.empty()) return all;
    std::vector<Target> served;
    for (const Target& each : all) {
      if (led_already(each.id) || serves(each.upstream)) served.push_back(each);
      else plan_.notes.push_back("left alone: " + each.id + ", because siltgate has no provider for " + each.upstream + "; include it with --provider " + each.id);
    }
    return served;
  }

  bool serves(std::string upstream) const {
    while (upstream.ends_with('/')) upstream.pop_back();
    return std::any_of(gate_.providers.begin(), gate_.providers.end(), [&](const Gate::Provider& each) { return each.base_url == upstream; });
  }

  /// Nothing says what is used: the built-in providers siltgate serves; the GLM coding plan when it serves nothing yet.
  std::vector<Target> fallback() {
    std::vector<Target> out;
    for (const BuiltIn& each : opencode_built_ins())
      if (serves(std::string(each.upstream)) && text_at(root_, {"provider", std::string(each.id), "options", "baseURL"}).empty()) out.push_back({std::string(each.id), std::string(each.upstream)});
    if (!out.empty()) return out;
    if (!gate_.providers.empty()) {
      plan_.faults.push_back({plan_.file, "nothing here says which provider of opencode goes to " + gate_.default_provider()->base_url +
                                              ", which this siltgate serves; name it with --provider NAME. A provider that opencode does not bring along "
                                              "needs its entry under \"provider\" first, with \"npm\", \"options\".\"baseURL\" and \"models\"", ""});
      return {};
    }
    plan_.notes.push_back("nothing here says which provider you use; this is for the GLM coding plan. Choose another with --provider NAME");
    const BuiltIn& first = opencode_built_ins().front();
    return {{std::string(first.id), std::string(first.upstream)}};
  }

  void put(std::vector<std::string> path, const std::string& value) { changes_.push_back({std::move(path), json_string(value)}); }

  /// opencode adds it to a file without one, and undo would then meet a text that setup did not write.
  void put_schema() {
    if (!root_.find("$schema")) put({"$schema"}, "https://opencode.ai/config.json");
  }

  void lead(const Target& target, bool alone) {
    const std::string now = text_at(root_, {"provider", target.id, "options", "baseURL"});
    std::string url = wish_.base_url;
    if (url.empty() && leads_to_gate(now)) {
      plan_.done.push_back(target.id + " goes through siltgate already: " + now);
      return;
    }
    if (url.empty()) url = gate_.origin() + place_in_gate(gate_, target.upstream, target.id, alone, plan_) + "/v1";
    put({"provider", target.id, "options", "baseURL"}, url);
    plan_.done.push_back(target.id + " goes to " + url + (target.upstream.empty() ? "" : " instead of " + target.upstream));
  }

  void add_demo() {
    const std::string url = wish_.base_url.empty() ? gate_.origin() + place_in_gate(gate_, "demo:", "demo", true, plan_) + "/v1" : wish_.base_url;
    put({"provider", "demo", "npm"}, "@ai-sdk/openai-compatible");
    put({"provider", "demo", "name"}, "siltgate demo");
    put({"provider", "demo", "options", "baseURL"}, url);
    put({"provider", "demo", "options", "apiKey"}, "demo");
    if (!walk(root_, {"provider", "demo", "models"})) put({"provider", "demo", "models", "demo/echo", "name"}, "echo");
    plan_.done.push_back("demo goes to " + url);
    if (!root_.find("model")) put({"model"}, "demo/demo/echo");
    else plan_.notes.push_back("try it: opencode run -m demo/demo/echo \"Say hi\" </dev/null");
  }

  /// Titles and summaries wait behind prompts when their model carries a header (docs/clients/opencode.md).
  void mark_small_model(const std::vector<Target>& targets) {
    const std::string model = text_at(root_, {"small_model"});
    const auto slash = model.find('/');
    if (slash == std::string::npos || model == text_at(root_, {"model"})) return;
    const std::string id = model.substr(0, slash), name = model.substr(slash + 1);
    if (std::none_of(targets.begin(), targets.end(), [&](const Target& each) { return each.id == id; })) return;
    put({"provider", id, "models", name, "headers", "siltgate-class"}, "background");
  }

  const Wish& wish_;
  const Gate& gate_;
  const settings::Machine& machine_;
  Plan& plan_;
  const Node root_;
  std::vector<Change> changes_;
};

std::string file_of(const settings::Machine& machine) {
  const auto files = opencode_files(machine);
  for (const std::string& each : files)
    if (machine.read(each).state != settings::FileAnswer::State::missing) return each;
  return files.back();
}

}  // namespace

const std::vector<BuiltIn>& opencode_built_ins() {
  static const std::vector<BuiltIn> all{
      {"zai-coding-plan", "https://api.z.ai/api/coding/paas/v4"},
      {"zai", "https://api.z.ai/api/paas/v4"},
      {"zhipuai-coding-plan", "https://open.bigmodel.cn/api/coding/paas/v4"},
      {"zhipuai", "https://open.bigmodel.cn/api/paas/v4"},
      {"anthropic", "https://api.anthropic.com/v1"},
      {"openai", "https://api.openai.com/v1"},
  };
  return all;
}

std::vector<std::string> opencode_files(const settings::Machine& machine) {
  if (const auto named = machine.env("OPENCODE_CONFIG"); named && !named->empty()) return {*named};
  const std::string xdg = machine.env("XDG_CONFIG_HOME").value_or("");
  const std::string folder = (xdg.empty() ? home_of(machine) + "/.config" : xdg) + "/opencode/";
  return {folder + "opencode.jsonc", folder + "config.json", folder + "opencode.json"};
}

Plan plan_opencode(const Wish& wish, const Gate& gate, const settings::Machine& machine) {
  Plan plan;
  plan.file = wish.file.empty() ? file_of(machine) : wish.file;
  if (!read_into(plan, machine)) return plan;
  if (const auto parsed = settings::parse_jsonc(plan.before); plan.before.find_first_not_of(" \t\r\n") != std::string::npos && !parsed.complaints.empty()) {
    take_edit(plan, {plan.before, parsed.complaints}, example);
    return plan;
  }
  Planner(wish, gate, machine, plan).run();
  return plan;
}

}  // namespace siltgate::setup
