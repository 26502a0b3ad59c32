// SPDX-License-Identifier: Apache-2.0
// The clock of every decision. Pure code never reads it: time comes in as an argument.
#pragma once

#include <chrono>

namespace siltgate {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using WallTime = std::chrono::system_clock::time_point;

/// Whole milliseconds, rounded down.
constexpr long long to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

}  // namespace siltgate
