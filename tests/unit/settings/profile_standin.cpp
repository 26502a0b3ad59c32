// SPDX-License-Identifier: Apache-2.0
// Stands in for the two functions of schedule/refusal.hpp that settings/ calls, until schedule/ defines them.
#include "schedule/refusal.hpp"

namespace siltgate::schedule {

std::string_view profile_for_host(std::string_view host) {
  if (host == "api.z.ai" || host == "open.bigmodel.cn") return "zai";
  if (host == "api.openai.com") return "openai";
  if (host == "api.anthropic.com") return "anthropic";
  return host == "openrouter.ai" ? "openrouter" : "generic";
}

int initial_concurrency(std::string_view profile) { return profile == "zai" ? 1 : 2; }

}  // namespace siltgate::schedule
