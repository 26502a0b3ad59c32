// SPDX-License-Identifier: Apache-2.0
// Who may be in flight: events and time in, grants out. No clock, no I/O, no threads.
// (interface sketch; the rule list stands above the code)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "schedule/config.hpp"

namespace siltgate::schedule {

using Ticket = std::uint64_t;  // given by the caller, unique over the life of an Admission; 0 is no ticket

/// A request as the scheduler sees it.
struct Arrival {
  Ticket ticket = 0;
  std::string provider, key, model;    // names; model may be empty
  std::string profile;                 // for automatic start values
  Class klass = Class::interactive;
  std::string session;
  std::int64_t estimated_tokens = 0;
};

/// How an attempt ended, for the permits and the adaptive limit.
enum class Ending { served, refused_concurrency, refused_rate, refused_overloaded, transient, damaged, ignored };

enum class Answer { granted, queued, queue_full };

struct KeyState {          // one row of `status`
  std::string provider, key, model;
  int in_flight = 0, cap = 0, waiting = 0;
  bool automatic = false;
  Duration oldest_wait{0};
  std::uint64_t refusals = 0;
  std::optional<TimePoint> held_until;
};

class Admission {
 public:
  Admission();
  ~Admission();

  /// Replaces every limit; running and waiting requests stay and are counted against the new ones.
  void configure(const std::vector<std::pair<std::string, ProviderLimits>>& providers, int total,
                 const QueueConfig& queue, TimePoint now);

  Answer arrive(const Arrival& arrival, TimePoint now);
  /// The client left, or max_wait ran out: forgets the ticket, waiting or running.
  void cancel(Ticket ticket, TimePoint now);
  /// The attempt is over and the exchange with it: permits return.
  void finish(Ticket ticket, Ending ending, TimePoint now);
  /// The attempt is over but the exchange goes on: permits return, the ticket waits again at its old place, and its
  /// key (key+model where the limit is per key+model) is held back for everybody until `not_before`.
  void retry(Ticket ticket, Ending ending, TimePoint not_before, TimePoint now);
  /// Nobody on this key starts before `until` (quota gone, Retry-After).
  void hold(std::string_view provider, std::string_view key, std::string_view model, TimePoint until, TimePoint now);

  /// Time passed: buckets refill, holds end, rests end.
  void tick(TimePoint now);
  /// When tick() could grant something, if ever. Recomputed after each call.
  std::optional<TimePoint> next_wakeup() const;
  /// Tickets granted since the last call, in order. The caller must start, cancel or finish each of them.
  std::vector<Ticket> take_grants();

  /// 1-based place among those waiting for the same key; 0 = not waiting.
  int position(Ticket ticket) const;
  int waiting() const;
  int in_flight() const;
  std::vector<KeyState> snapshot(TimePoint now) const;

 private:
  struct State;
  State* state_;
};

}  // namespace siltgate::schedule
