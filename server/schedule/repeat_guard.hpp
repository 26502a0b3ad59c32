// SPDX-License-Identifier: Apache-2.0
// Notices a session that sends the same body again and again (agents loop, see docs on clients) and says how long to hold
// it back. Different bodies never count together. Knows neither bodies nor queues: a hash comes in, a delay goes out.
//
// (1) The first `max` arrivals of a body within `window` are not delayed.
// (2) Each further one is held 1 s, 2 s, 4 s … at most 60 s. Held arrivals count from the moment they arrive.
// (3) An arrival after a pause of `window` (counted from the end of the last delay) begins anew.
// (4) At most `bound` bodies are remembered, the longest silent ones go first: forgetting means no delay.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "schedule/config.hpp"

namespace siltgate::schedule {

class RepeatGuard {
 public:
  struct Verdict {
    Duration delay{0};  // hold the request this long before arrive()
    int seen = 0;       // arrivals of this body in the window, this one included
  };
  explicit RepeatGuard(const RepeatConfig& config = {}, std::size_t bound = 4096) : config_(config), bound_(bound) {}

  void configure(const RepeatConfig& config) { config_ = config; }
  /// `body_hash`: any strong hash of the whole body. `max` 0 switches the guard off.
  Verdict arrived(std::string_view session, std::string_view body_hash, TimePoint now);
  std::size_t size() const { return bodies_.size(); }

 private:
  struct Body {
    std::deque<TimePoint> arrivals;  // within the window, at most max of them
    int over = 0;                    // arrivals delayed in a row
    TimePoint quiet_from{};          // end of the last delay
    std::list<std::uint64_t>::iterator age;
  };
  RepeatConfig config_;
  std::size_t bound_;
  std::unordered_map<std::uint64_t, Body> bodies_;
  std::list<std::uint64_t> by_age_;  // most recent last
};

}  // namespace siltgate::schedule
