// SPDX-License-Identifier: Apache-2.0
#include "setup/plan.hpp"

#include <algorithm>

namespace siltgate::setup {
namespace {

bool same_url(std::string_view a, std::string_view b) {
  while (a.ends_with('/')) a.remove_suffix(1);
  while (b.ends_with('/')) b.remove_suffix(1);
  return a == b;
}


}  // namespace

const Gate::Provider* Gate::default_provider() const {
  for (const Provider& each : providers)
    if (each.is_default) return &each;
  return providers.empty() ? nullptr : &providers.front();
}

const std::vector<std::string>& client_names() {
  static const std::vector<std::string> names{"opencode", "claude-code", "codex", "aider", "cline"};
  return names;
}

Plan plan_client(const std::string& client, const Wish& wish, const Gate& gate, const settings::Machine& machine) {
  if (client == "opencode") return plan_opencode(wish, gate, machine);
  if (client == "claude-code") return plan_claude_code(wish, gate, machine);
  if (client == "codex") return plan_codex(wish, gate, machine);
  if (client == "aider") return plan_aider(wish, gate, machine);
  return plan_cline(wish, gate);
}

// Where an upstream is found:
//   1. nothing is configured: one provider is the default one, of several each has its name; say how to start it so
//   2. it is siltgate's default provider, or another one: its place
//   3. siltgate does not have it: its name, and the line that adds it
std::string place_in_gate(const Gate& gate, const std::string& upstream, const std::string& name, bool alone, Plan& plan) {
  if (gate.providers.empty()) {   // 1
    plan.notes.push_back("start siltgate with: siltgate --upstream " + (alone ? "" : name + "=") + upstream);
    return alone ? "" : "/" + name;
  }
  for (const Gate::Provider& each : gate.providers)   // 2
    if (same_url(each.base_url, upstream)) return &each == gate.default_provider() ? "" : "/" + each.name;
  plan.notes.push_back("siltgate has no provider for " + upstream + " yet; add to its configuration, under \"providers\":\n  \"" + name +   // 3
                       "\": { \"base_url\": \"" + upstream + "\" }");
  return "/" + name;
}

bool read_into(Plan& plan, const settings::Machine& machine) {
  const settings::FileAnswer answer = machine.read(plan.file);
  using State = settings::FileAnswer::State;
  plan.existed = answer.state != State::missing;
  plan.before = plan.after = answer.text;
  if (answer.state == State::read || answer.state == State::missing) return true;
  const std::string why = answer.state == State::not_permitted ? "it cannot be read; run this as the user it belongs to" : answer.why;
  plan.faults.push_back({plan.file, why, ""});
  return false;
}

void take_edit(Plan& plan, Edited edited, std::string_view example) {
  if (edited.complaints.empty()) {
    plan.after = std::move(edited.text);
    return;
  }
  const settings::Source source(plan.file, plan.before);
  for (const settings::Complaint& each : edited.complaints) plan.faults.push_back(source.diagnose(each));
  plan.notes.push_back("nothing was changed. Mend the file and run this again, or add by hand:\n" + std::string(example));
}

std::string home_of(const settings::Machine& machine) {
  std::string home = machine.env("HOME").value_or("");
  while (home.ends_with('/')) home.pop_back();
  return home;
}

}  // namespace siltgate::setup
