// SPDX-License-Identifier: Apache-2.0
// Per key and model, counted from finished exchanges since the start: what `siltgate status` shows beside the scheduler's
// own numbers. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "observe/record.hpp"
#include "observe/state.hpp"

namespace siltgate::observe {

class KeyStats {
 public:
  static constexpr std::size_t samples = 128;     // the last so many answers make the percentiles and the rate
  static constexpr std::size_t most_keys = 1000;  // further ones are not counted apart

  void count(const ExchangeRecord& record);
  /// Sets refusals, damaged, finished, ttft_p50, ttft_p95 and tokens_per_second of all rows of a state. Each exchange counts in
  /// one of them: that of its model, of its group, or else of its whole key.
  void fill(std::vector<KeyRow>& rows) const;

 private:
  struct Sample {
    Duration ttft{0};
    Duration streaming{0};
    std::int64_t tokens = -1;
  };
  struct Totals {
    std::uint64_t refusals = 0, damaged = 0, finished = 0;
    std::deque<Sample> last;
  };
  static void fill(KeyRow& row, const std::vector<const Totals*>& parts);
  std::map<std::tuple<std::string, std::string, std::string>, Totals> totals_;
};

/// Time to the first event of the last attempt: from when it was let through. Zero when nothing came.
Duration time_to_first_event(const ExchangeRecord& record);
/// A check rejected or dropped something in it.
bool was_damaged(const ExchangeRecord& record);

}  // namespace siltgate::observe
