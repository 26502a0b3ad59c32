// SPDX-License-Identifier: Apache-2.0
#include "schedule/adaptive_limit.hpp"

#include <algorithm>

namespace siltgate::schedule {

namespace {
constexpr int quarantine_served = 20;
constexpr int chance_served = 5;
constexpr Duration quarantine_time = std::chrono::minutes(10);
constexpr int most_doublings = 3;
constexpr int proofs = 3;  // served at a level: it is really tolerated
}  // namespace

void AdaptiveLimit::set_most(int most) {
  most_ = most > 0 ? most : 1024;
  limit_ = std::clamp(limit_, 1, most_);  // (1)
}

bool AdaptiveLimit::quarantined(TimePoint now) const {
  if (by_chance_) return served_since_ < chance_served;                                 // (5)
  if (served_since_ >= (quarantine_served << doublings_)) return false;                 // (4)
  return now - refused_at_ < quarantine_time * (1 << doublings_) || served_since_ < 4 * limit_;
}

void AdaptiveLimit::served(int level, TimePoint started, bool pressed, TimePoint now) {
  ++served_since_;
  if (started <= decreased_at_) level = 0;  // (6) proves nothing
  if (level > proven_level_) proven_level_ = level, proven_times_ = 0;
  if (level == proven_level_) ++proven_times_;
  const bool changed = level >= refused_level_ && proven_level_ >= refused_level_ && proven_times_ >= proofs;
  if (refused_level_ > 0 && changed) {  // (6)
    refused_level_ = 0;
    doublings_ = 0;
    by_chance_ = false;
  }
  if (!pressed) return;
  if (++round_served_ < limit_ || limit_ >= most_) return;             // (2)
  if (refused_level_ > 0 && limit_ + 1 >= refused_level_ && quarantined(now)) return;  // (4)
  ++limit_;
  round_served_ = 0;
}

void AdaptiveLimit::refused(int level, TimePoint started, TimePoint now) {
  if (started <= decreased_at_) return;  // (3)
  decreased_at_ = now;
  limit_ = std::max(1, std::min(limit_ - 1, (limit_ * 4 + 2) / 5));  // (3)
  round_served_ = 0;
  if (level <= 1) return;  // (7)
  const bool proven = proven_level_ >= level && proven_times_ >= proofs;  // (5)
  if (proven) {
    by_chance_ = true;  // (5)
    doublings_ = 0;
  } else if (refused_level_ > 0 && level == refused_level_ && !by_chance_) {
    doublings_ = std::min(doublings_ + 1, most_doublings);  // (4)
  } else {
    if (level < refused_level_) doublings_ = 0;
    by_chance_ = false;
  }
  if (proven_level_ >= level) proven_level_ = level - 1, proven_times_ = 0;
  refused_level_ = refused_level_ > 0 ? std::min(refused_level_, level) : level;
  served_since_ = 0;
  refused_at_ = now;
}

void AdaptiveLimit::restore(const AdaptiveMemory& memory, TimePoint now) {
  if (memory.limit > 0) limit_ = std::clamp(memory.limit, 1, most_);
  refused_level_ = std::max(0, memory.refused_level);
  doublings_ = std::clamp(memory.doublings, 0, most_doublings);
  refused_at_ = now;
}

}  // namespace siltgate::schedule
