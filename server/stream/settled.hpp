// SPDX-License-Identifier: Apache-2.0
// From what a check says and what is configured to what is done.
#pragma once

#include "stream/config.hpp"
#include "stream/fault.hpp"

namespace siltgate::stream {

/// What the configured action means for this check. 1. `repair` where nothing can be mended, and `drop` of an end that
/// never came, fail the exchange: the safe reading. 2. The rest is what it says.
inline Action settled(const Config& config, const Fault& fault) {
  const Action action = config[fault.check];
  if (action == Action::pass) return action;
  if (fault.only_flag) return Action::flag;
  if (action == Action::repair && fault.replacement.empty()) return Action::reject;               // 1
  if (action == Action::drop && fault.check == Check::finish) return Action::reject;              // 1
  return action;                                                                                  // 2
}

}  // namespace siltgate::stream
