// SPDX-License-Identifier: Apache-2.0
// `concurrency: auto`: finds how many requests in flight a provider tolerates when it does not say. Judges by refusals alone,
// never by the time an answer takes: a long answer is not congestion. Knows no requests, no names, no clock.
//
// The rules:
// (1) Starts at the profile's value and never goes below 1 nor above `most`.
// (2) Additive increase: one more after as many served requests as the limit allows at once, counting only those that
//     ended while the limit was reached and somebody waited.
// (3) Multiplicative decrease on a concurrency refusal: to 4/5 of the limit, at least one less. Refusals of requests
//     that started before the last decrease are old news and change nothing.
// (4) The level that was refused is remembered. Up to one below it rule 2 goes on; the level itself is tried again only
//     after a quarantine: 20 served requests, or 10 minutes and four rounds, doubled with each refusal at the
//     same level, at most 8 times as long. A refusal at a lower level is news and begins at 20 again.
// (5) A level that has served at least three requests since it was last refused and is then refused once was
//     probably refused by chance: its quarantine is only 5 served requests.
// (6) Three requests that started at the remembered level (or above) after the last decrease and were served, with no refusal
//     there between, are evidence of change: the memory is dropped. One alone may owe its place to a neighbour that ended
//     while it was on its way, and one that started before to a request that was about to be refused.
// (7) A lone request that is refused says nothing about how many are tolerated: no memory, no longer quarantine.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "base/clock.hpp"

namespace siltgate::schedule {

/// What is worth keeping over a restart.
struct AdaptiveMemory {
  int limit = 0;
  int refused_level = 0;  // 0 = none
  int doublings = 0;      // of the quarantine
};

class AdaptiveLimit {
 public:
  explicit AdaptiveLimit(int start = 1, int most = 0) : limit_(start < 1 ? 1 : start) { set_most(most); }

  int limit() const { return limit_; }
  /// 0 = no bound but the built-in one of 1,024.
  void set_most(int most);
  /// A request that was number `level` in flight when it started at `started` was served. `pressed`: the limit is reached
  /// and somebody waits.
  void served(int level, TimePoint started, bool pressed, TimePoint now);
  /// A request that started at `started` was refused for concurrency; `level`: how many were in flight when it started or when
  /// the refusal came, itself included, whichever is more. One that started later may have arrived before it.
  void refused(int level, TimePoint started, TimePoint now);

  AdaptiveMemory memory() const { return {limit_, refused_level_, doublings_}; }
  void restore(const AdaptiveMemory& memory, TimePoint now);

 private:
  bool quarantined(TimePoint now) const;

  int limit_;
  int most_ = 1024;
  int round_served_ = 0;        // served under pressure since the last change of the limit
  int refused_level_ = 0;       // lowest level known to be refused, 0 = none
  int doublings_ = 0;           // rule 4
  bool by_chance_ = false;      // rule 5 applies to the present quarantine
  int served_since_ = 0;        // since the last refusal
  TimePoint refused_at_{};
  TimePoint decreased_at_ = TimePoint::min();
  int proven_level_ = 0;        // highest level that served, and how often
  int proven_times_ = 0;
};

}  // namespace siltgate::schedule
