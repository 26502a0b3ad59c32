// SPDX-License-Identifier: Apache-2.0
// Cline keeps its settings in the editor's own database, which nobody else should write: what to enter is printed.
#include "setup/plan.hpp"

namespace siltgate::setup {

Plan plan_cline(const Wish& wish, const Gate& gate) {
  Plan plan;
  std::string place;
  const Gate::Provider* by_default = gate.default_provider();
  if (!wish.providers.empty() && (!by_default || wish.providers.front() != by_default->name)) place = "/" + wish.providers.front();
  const std::string url = wish.base_url.empty() ? gate.origin() + place + "/v1" : wish.base_url;
  plan.done.push_back(
      "Cline keeps its settings in the editor's database, not in a file that siltgate could change. In its settings panel enter:\n"
      "  API Provider:  OpenAI Compatible\n"
      "  Base URL:      " + url + "\n"
      "  API Key:       your provider's own key; siltgate passes it on\n"
      "  Model ID:      the provider's name of the model, such as glm-4.7");
  return plan;
}

}  // namespace siltgate::setup
