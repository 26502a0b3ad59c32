// SPDX-License-Identifier: Apache-2.0
// How long a request body may take. Pure; the clock comes in.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "http/config.hpp"

namespace siltgate::http {

/// Progress within body_stall, and body_rate on average once body_stall is over: a sender of single bytes is cut off as well.
inline TimePoint body_deadline(const Limits& limits, TimePoint began, std::uint64_t received, TimePoint now) {
  const auto paid_for = limits.body_stall + Duration(std::chrono::seconds(received / limits.body_rate.count));
  return std::min(began + paid_for, now + limits.body_stall);
}

}  // namespace siltgate::http
