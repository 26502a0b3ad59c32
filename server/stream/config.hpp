// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/finding.hpp"
#include "base/units.hpp"

namespace siltgate::stream {

/// What to do for each check, and the largest event that is held in memory.
struct Config {
  // content_type utf8 sse json shape splice finish finish_reason tool_arguments garble
  std::array<Action, check_count> actions{Action::reject, Action::reject, Action::reject, Action::reject,
                                          Action::reject, Action::reject, Action::reject, Action::repair,
                                          Action::flag,   Action::flag};
  Bytes event_limit = 32_MiB;
  // finish_reason repair: what to write in place of a value, before the built-in table (sensitive -> content_filter,
  // ...). A value that neither knows is not repaired but rejected: nothing tells what such an answer is worth, and
  // handing it on unchanged makes agents ask again for ever.
  std::vector<std::pair<std::string, std::string>> finish_reason_map;

  Action& operator[](Check check) { return actions[static_cast<std::size_t>(check)]; }
  Action operator[](Check check) const { return actions[static_cast<std::size_t>(check)]; }
};

}  // namespace siltgate::stream
