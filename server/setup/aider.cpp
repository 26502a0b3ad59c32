// SPDX-License-Identifier: Apache-2.0
// aider: openai-api-base in ~/.aider.conf.yml.
#include "setup/line_edit.hpp"
#include "setup/plan.hpp"

namespace siltgate::setup {

Plan plan_aider(const Wish& wish, const Gate& gate, const settings::Machine& machine) {
  Plan plan;
  plan.file = wish.file.empty() ? home_of(machine) + "/.aider.conf.yml" : wish.file;
  if (!read_into(plan, machine)) return plan;
  std::string place;
  if (wish.base_url.empty()) {
    const Gate::Provider* by_default = gate.default_provider();
    if (!wish.providers.empty() && (!by_default || wish.providers.front() != by_default->name)) place = "/" + wish.providers.front();
    if (!by_default) plan.notes.push_back("start siltgate with your provider, for example: siltgate --upstream https://api.z.ai/api/coding/paas/v4");
  }
  const std::string url = wish.base_url.empty() ? gate.origin() + place + "/v1" : wish.base_url;
  take_edit(plan, edit_yaml(plan.before, {{"openai-api-base", url}}), "openai-api-base: " + url);
  plan.done.push_back(plan.after == plan.before ? "aider goes through siltgate already: " + url : "aider goes to " + url);
  plan.notes.push_back("name models with the prefix openai/, for example: aider --model openai/glm-4.7; the key is that of OPENAI_API_KEY");
  return plan;
}

}  // namespace siltgate::setup
