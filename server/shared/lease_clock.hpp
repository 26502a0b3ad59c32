// SPDX-License-Identifier: Apache-2.0
// The clock leases are counted on: goes on while the machine sleeps, which the clock of the timers does not everywhere.
// Only differences mean anything; never mix its points with those of Clock.
#pragma once

#include <ctime>

#include "base/clock.hpp"

namespace siltgate::shared {

inline TimePoint lease_now() {
#if defined(__APPLE__)
  constexpr clockid_t clock = CLOCK_MONOTONIC_RAW;  // counts sleep there
#else
  constexpr clockid_t clock = CLOCK_BOOTTIME;
#endif
  timespec t{};
  ::clock_gettime(clock, &t);
  return TimePoint(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

}  // namespace siltgate::shared
