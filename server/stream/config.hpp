// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

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

  Action& operator[](Check check) { return actions[static_cast<std::size_t>(check)]; }
  Action operator[](Check check) const { return actions[static_cast<std::size_t>(check)]; }
};

}  // namespace siltgate::stream
