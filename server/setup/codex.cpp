// SPDX-License-Identifier: Apache-2.0
// Codex: a model provider "siltgate" in config.toml that speaks the Responses API, and model_provider set to it.
#include "setup/line_edit.hpp"
#include "setup/plan.hpp"

namespace siltgate::setup {
namespace {

constexpr std::string_view table = "model_providers.siltgate";
constexpr std::string_view example =
    "model_provider = \"siltgate\"\n\n[model_providers.siltgate]\nname = \"siltgate\"\nbase_url = \"http://127.0.0.1:4290/v1\"\n"
    "env_key = \"OPENAI_API_KEY\"\nwire_api = \"responses\"";

}  // namespace

Plan plan_codex(const Wish& wish, const Gate& gate, const settings::Machine& machine) {
  Plan plan;
  const std::string folder = machine.env("CODEX_HOME").value_or(home_of(machine) + "/.codex");
  plan.file = wish.file.empty() ? folder + "/config.toml" : wish.file;
  if (!read_into(plan, machine)) return plan;
  const std::string name = wish.providers.empty() ? "openai" : wish.providers.front();
  const std::string url = !wish.base_url.empty() ? wish.base_url : gate.origin() + place_in_gate(gate, "https://api.openai.com/v1", name, true, plan) + "/v1";
  std::vector<TomlChange> changes{{"", "model_provider", json_string("siltgate")}};
  if (plan.before.find("[" + std::string(table) + "]") == std::string::npos) changes.push_back({std::string(table), "name", json_string("siltgate")});
  changes.push_back({std::string(table), "base_url", json_string(url)});
  if (plan.before.find("[" + std::string(table) + "]") == std::string::npos) changes.push_back({std::string(table), "env_key", json_string("OPENAI_API_KEY")});
  changes.push_back({std::string(table), "wire_api", json_string("responses")});
  take_edit(plan, edit_toml(plan.before, changes), example);
  plan.done.push_back(plan.after == plan.before ? "Codex goes through siltgate already: " + url : "Codex goes to " + url);
  plan.notes.push_back("Codex sends the key of OPENAI_API_KEY; with a login of ChatGPT instead, replace the env_key line by: requires_openai_auth = true");
  return plan;
}

}  // namespace siltgate::setup
