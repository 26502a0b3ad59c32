// SPDX-License-Identifier: Apache-2.0
#include "schedule/adaptive_limit.hpp"

#include <algorithm>
#include <array>
#include <charconv>

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

std::string AdaptiveLimit::carried() const {
  std::string text;
  for (long long value : {static_cast<long long>(limit_), static_cast<long long>(round_served_), static_cast<long long>(refused_level_),
                          static_cast<long long>(doublings_), static_cast<long long>(by_chance_), static_cast<long long>(served_since_),
                          static_cast<long long>(refused_at_.time_since_epoch().count()),
                          static_cast<long long>(decreased_at_.time_since_epoch().count()),
                          static_cast<long long>(proven_level_), static_cast<long long>(proven_times_)})
    text += std::to_string(value) + " ";
  text.pop_back();
  return text;
}

bool AdaptiveLimit::carry_on(std::string_view text) {
  std::array<long long, 10> values{};
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) return false;
    const auto [next, error] = std::from_chars(at, end, values[i]);
    if (error != std::errc{}) return false;
    at = next;
  }
  for (std::size_t i : {0, 1, 2, 3, 4, 5, 8, 9})
    if (values[i] < 0 || values[i] > 1'000'000'000) return false;
  if (at != end || values[0] < 1) return false;
  limit_ = std::min(static_cast<int>(values[0]), most_);
  round_served_ = static_cast<int>(values[1]);
  refused_level_ = static_cast<int>(values[2]);
  doublings_ = std::min(static_cast<int>(values[3]), most_doublings);
  by_chance_ = values[4] != 0;
  served_since_ = static_cast<int>(values[5]);
  refused_at_ = TimePoint(Duration(values[6]));
  decreased_at_ = TimePoint(Duration(values[7]));
  proven_level_ = static_cast<int>(values[8]);
  proven_times_ = static_cast<int>(values[9]);
  return true;
}

}  // namespace siltgate::schedule
