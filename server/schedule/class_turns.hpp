// SPDX-License-Identifier: Apache-2.0
// Whose turn it is among the three classes: fair queueing over their weights by finishing tags (self-clocked, Golestani 1994),
// with ageing. Knows neither sessions nor requests.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.hpp"

namespace siltgate::schedule {

inline constexpr int class_count = 3;
/// Weights 8, 4, 1: what one turn costs on the class's own clock.
inline constexpr std::array<std::uint64_t, class_count> class_stride{1, 2, 8};

class ClassTurns {
 public:
  /// The class has somebody waiting again. It brings no credit from the time it had nobody.
  void activate(int c, TimePoint now) {
    start_[c] = std::max(start_[c], virtual_now_);
    passed_over_since_[c] = now;
  }
  /// `available` must hold for at least one class.
  /// (1) A class passed over for `age` or longer goes first, the longest such before the others.
  /// (2) Else the class whose next turn would end first on its clock, the more urgent one in a tie: an urgent newcomer overtakes a
  ///     background request that waits already, and background still gets its share.
  int pick(const std::array<bool, class_count>& available, TimePoint now, Duration age) const {
    int best = -1, aged = -1;
    for (int c = 0; c < class_count; ++c) {
      if (!available[c]) continue;
      if (best < 0 || start_[c] + class_stride[c] < start_[best] + class_stride[best]) best = c;
      if (now - passed_over_since_[c] < age) continue;
      if (aged < 0 || passed_over_since_[c] < passed_over_since_[aged]) aged = c;
    }
    return aged >= 0 ? aged : best;
  }
  /// The class had a turn; `available` is what pick() saw.
  void charge(int c, const std::array<bool, class_count>& available, TimePoint now) {
    std::uint64_t least = start_[c];
    for (int k = 0; k < class_count; ++k)
      if (available[k]) least = std::min(least, start_[k]);
    virtual_now_ = std::max(virtual_now_, least);
    start_[c] += class_stride[c];
    passed_over_since_[c] = now;
  }

 private:
  std::array<std::uint64_t, class_count> start_{};
  std::uint64_t virtual_now_ = 0;  // the clock of the class served last: where newcomers begin
  std::array<TimePoint, class_count> passed_over_since_{};
};

}  // namespace siltgate::schedule
