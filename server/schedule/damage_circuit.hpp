// SPDX-License-Identifier: Apache-2.0
// Holds back new starts on one key+model that answers with broken bodies again and again, because clients that see a
// truncated answer ask again at once, for ever. Knows neither bodies nor requests; chance comes in as a number.
//
// (1) The first broken answer in a row delays nothing.
// (2) From the second on the next start waits 1 s, 2 s, 4 s … at most 60 s, each give or take a quarter by chance, and only
//     one request is in flight at a time, so that many sessions together cannot hammer either.
// (3) One served answer ends it. Refusals and departures change nothing.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace siltgate::schedule {

class DamageCircuit {
 public:
  void started() { ++in_flight_; }
  void left() { --in_flight_; }
  void served() { streak_ = 0, held_until_ = TimePoint{}; }  // (3)
  /// `random` in [0,1).
  void damaged(double random, TimePoint now) {
    ++streak_;
    if (streak_ < 2) return;  // (1)
    const auto whole = std::min<Duration>(std::chrono::seconds(1LL << std::min(streak_ - 2, 6)), std::chrono::minutes(1));
    held_until_ = now + std::chrono::duration_cast<Duration>(whole * (0.75 + 0.5 * random));  // (2)
  }
  bool closed(TimePoint now) const { return streak_ >= 2 && (now < held_until_ || in_flight_ > 0); }
  int streak() const { return streak_; }
  int in_flight() const { return in_flight_; }
  TimePoint held_until() const { return held_until_; }

 private:
  int streak_ = 0;     // broken answers in a row
  int in_flight_ = 0;
  TimePoint held_until_{};
};

}  // namespace siltgate::schedule
