// SPDX-License-Identifier: Apache-2.0
// At most so much in any 60 seconds, exact to the clock's tick. A provider that counts by fixed minutes, by a sliding
// window or by a leaking bucket of the same size lets everything pass that this lets pass. Knows no requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"

namespace siltgate::schedule {

class SlidingWindow {
 public:
  static constexpr Duration width = std::chrono::minutes(1);

  void set_limit(std::int64_t limit) { limit_ = limit; }
  std::int64_t limit() const { return limit_; }
  bool limited() const { return limit_ > 0; }
  bool unused() const { return first_ == 1 && entries_.empty(); }
  bool full() const { return limited() && sum_ >= limit_; }

  /// More than the whole limit fits only into an empty window.
  bool fits(std::int64_t amount, TimePoint now) {
    expire(now);
    return limit_ <= 0 || sum_ == 0 || sum_ + amount <= limit_;
  }
  /// Records `amount` and names the entry; entries count from 1.
  std::uint64_t charge(std::int64_t amount, TimePoint now) {
    expire(now);
    entries_.push_back({now, amount});
    sum_ += amount;
    return first_ + entries_.size() - 1;
  }
  /// The entry turns out to be worth `amount`; ignored when it has left the window.
  void amend(std::uint64_t entry, std::int64_t amount) {
    if (entry < first_ || entry >= first_ + entries_.size()) return;
    Entry& e = entries_[entry - first_];
    sum_ += amount - e.amount;
    e.amount = amount;
  }
  /// When the next entry leaves. Only valid when fits() was false for some amount at `now`.
  TimePoint next_change() const {
    return entries_.empty() ? TimePoint::max() : entries_.front().at + width;
  }

 private:
  struct Entry {
    TimePoint at;
    std::int64_t amount;
  };
  void expire(TimePoint now) {
    while (!entries_.empty() && (entries_.front().at + width <= now || entries_.front().amount == 0)) {
      sum_ -= entries_.front().amount;
      entries_.pop_front();
      ++first_;
    }
  }
  std::deque<Entry> entries_;
  std::uint64_t first_ = 1;  // name of the first entry kept
  std::int64_t sum_ = 0, limit_ = 0;
};

}  // namespace siltgate::schedule
