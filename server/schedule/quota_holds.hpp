// SPDX-License-Identifier: Apache-2.0
// Keys whose quota is spent for hours or days, and until when: what arrives meanwhile is told so at once instead of waiting in a
// queue it cannot leave in time. Short waits are Admission::hold()'s. Times are wall-clock times, as providers name them.
//
// (1) A refusal of class quota that names a reset ahead (at most 31 days) holds its key until then. The provider's latest
//     word counts, also when it is an earlier time.
// (2) Meanwhile one request every ten minutes goes through as a probe, with its retries: a reset time may be misread, a quota
//     bought anew.
// (3) A served request that was sent after the refusal ends the hold, and so does the reset time. One that was sent before says
//     nothing: providers let answers under way finish.
// (4) At most `bound` keys are held; beyond it the one that ends first is forgotten: forgetting costs one refused request.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::schedule {

/// What an exchange keeps of its last QuotaHolds::passed().
struct QuotaPass {
  std::uint64_t refusals = 0;  // so many had come before it was sent
  std::uint64_t probes = 0;    // number of the hold it is the probe of, 0 = none
};

class QuotaHolds {
 public:
  struct Hold {
    WallTime until{};
    std::string code, message;   // as the provider said them, bounded as in Refusal
    WallTime next_probe{};
    std::uint64_t number = 0;    // of the refusal it is from, counted over all keys
  };
  static constexpr std::chrono::minutes probe_interval{10};

  explicit QuotaHolds(std::size_t bound = 1024) : bound_(bound) {}

  void refused(std::string_view provider, std::string_view key, const Refusal& refusal, WallTime now);
  /// True when that ended a hold.
  bool served(std::string_view provider, std::string_view key, const QuotaPass& pass);
  /// Ends the hold, whoever says so.
  void end(std::string_view provider, std::string_view key);
  /// The hold that stands against the key at `now`, whether or not a probe is due; null when none. Valid until the next call.
  const Hold* find(std::string_view provider, std::string_view key, WallTime now) const;
  /// As find(), but null also when a request may go now as the probe, or with `pass` is the probe that goes again.
  const Hold* blocking(std::string_view provider, std::string_view key, WallTime now, const QuotaPass& pass = {}) const;
  /// Called by an inference request about to go upstream that blocking() let pass: the next probe is due an interval later.
  QuotaPass passed(std::string_view provider, std::string_view key, WallTime now);

 private:
  using Name = std::pair<std::string, std::string>;
  std::map<Name, Hold> holds_;
  std::size_t bound_;
  std::uint64_t refusals_ = 0;
};

/// "the quota of key team is spent (code 1308: …); it comes back at 2026-09-08 21:38:28 UTC, in 3h20m".
std::string describe(const QuotaHolds::Hold& hold, std::string_view key, WallTime now);

}  // namespace siltgate::schedule
