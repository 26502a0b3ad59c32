// SPDX-License-Identifier: Apache-2.0
// Claude Code: ANTHROPIC_BASE_URL in the "env" of settings.json. It adds /v1/messages itself.
#include "setup/plan.hpp"

namespace siltgate::setup {
namespace {

constexpr std::string_view example = R"({ "env": { "ANTHROPIC_BASE_URL": "http://127.0.0.1:4290" } })";

std::string text_in_env(std::string_view text) {
  const settings::Parsed parsed = settings::parse_jsonc(text);
  const settings::Node* env = parsed.root.find("env");
  const settings::Node* url = env ? env->find("ANTHROPIC_BASE_URL") : nullptr;
  return url && url->kind == settings::Kind::string ? url->text : "";
}

}  // namespace

Plan plan_claude_code(const Wish& wish, const Gate& gate, const settings::Machine& machine) {
  Plan plan;
  const std::string folder = machine.env("CLAUDE_CONFIG_DIR").value_or(home_of(machine) + "/.claude");
  plan.file = wish.file.empty() ? folder + "/settings.json" : wish.file;
  if (!read_into(plan, machine)) return plan;
  const std::string now = text_in_env(plan.before);
  std::string url = wish.base_url;
  if (url.empty() && (now == gate.origin() || now.starts_with(gate.origin() + "/"))) url = now;
  const bool already = !url.empty() && url == now;
  if (url.empty()) {
    std::string upstream = now.empty() ? "https://api.anthropic.com" : now;
    while (upstream.ends_with('/')) upstream.pop_back();
    const std::string name = wish.providers.empty() ? "anthropic" : wish.providers.front();
    url = gate.origin() + place_in_gate(gate, upstream + "/v1", name, true, plan);
  }
  plan.done.push_back(already ? "Claude Code goes through siltgate already: " + now : "Claude Code goes to " + url);
  take_edit(plan, edit_jsonc(plan.before, {{{"env", "ANTHROPIC_BASE_URL"}, json_string(url)}}), example);
  if (const auto set = machine.env("ANTHROPIC_BASE_URL"); set && *set != url && !set->empty())
    plan.notes.push_back("this shell sets ANTHROPIC_BASE_URL to something else; unset it where you start Claude Code: unset ANTHROPIC_BASE_URL");
  return plan;
}

}  // namespace siltgate::setup
