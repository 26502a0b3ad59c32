// SPDX-License-Identifier: Apache-2.0
// Keys whose quota is spent for hours or days, and until when: what arrives meanwhile is told so at once instead of waiting in a
// queue it cannot leave in time. Short waits are Admission::hold()'s. Times are wall-clock times, as providers name them.
//
// (1) A refusal of class quota that names a reset ahead (at most 31 days) holds its key until then. The provider's latest
//     word counts, also when it is an earlier time.
// (2) Meanwhile one request every ten minutes goes through as a probe: a reset time may be misread, a quota bought anew.
// (3) A served request on the key ends the hold, and so does the reset time.
// (4) At most `bound` keys are held; beyond it the one that ends first is forgotten: forgetting costs one refused request.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::schedule {

class QuotaHolds {
 public:
  struct Hold {
    WallTime until{};
    std::string code, message;   // as the provider said them, bounded as in Refusal
    WallTime next_probe{};
  };
  static constexpr std::chrono::minutes probe_interval{10};

  explicit QuotaHolds(std::size_t bound = 1024) : bound_(bound) {}

  void refused(std::string_view provider, std::string_view key, const Refusal& refusal, WallTime now);
  void served(std::string_view provider, std::string_view key);
  /// The hold that stands against the key at `now`, whether or not a probe is due; null when none. Valid until the next call.
  const Hold* find(std::string_view provider, std::string_view key, WallTime now) const;
  /// As find(), but null also when a request may go now as the probe.
  const Hold* blocking(std::string_view provider, std::string_view key, WallTime now) const;
  /// Called by a request about to go upstream that blocking() let pass: the next probe is due an interval later.
  void passed(std::string_view provider, std::string_view key, WallTime now);

 private:
  using Name = std::pair<std::string, std::string>;
  std::map<Name, Hold> holds_;
  std::size_t bound_;
};

/// "the quota of key team is spent (code 1308: …); it comes back at 2026-09-08 21:38:28 UTC, in 3h20m".
std::string describe(const QuotaHolds::Hold& hold, std::string_view key, WallTime now);

}  // namespace siltgate::schedule
