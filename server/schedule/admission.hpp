// SPDX-License-Identifier: Apache-2.0
// Who may be in flight: events and time in, grants out. No clock, no I/O, no threads. The rule list stands in admission.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
/// `unused`: granted, but nothing was sent; costs no request and no tokens of a per-minute limit, like a refusal.
enum class Ending { served, refused_concurrency, refused_rate, refused_overloaded, transient, damaged, ignored, unused };

enum class Answer { granted, queued, queue_full };

/// What keeps the first waiting request of a row waiting.
enum class Bottleneck { none, cap, held, damage, start_interval, requests, tokens, wider };
std::string_view to_string(Bottleneck b);

struct KeyState {          // one row of `status`: requests that share all limits
  std::string provider, key, model;  // model: of the group where the models share one quota, "" where the key is the quota
  bool wide = false;                   // the key, the provider or everything is the quota: all models without a row of their own
  std::vector<std::string> group;      // models met of those that share one quota, where they do
  int in_flight = 0, cap = 0, waiting = 0;  // cap 0 = none
  bool automatic = false;
  CapFrom cap_from = CapFrom::nobody;
  Duration oldest_wait{0};
  std::uint64_t refusals = 0;
  std::optional<TimePoint> held_until;
  int damaged_in_a_row = 0;            // longest present run of broken answers among its models
  std::optional<TimePoint> damage_held_until;
  Bottleneck bottleneck = Bottleneck::none;  // none = nobody waits; `cap` with a fixed cap = siltgate is the bottleneck
};

/// What an automatic limit has learned; plain values for a file.
struct LearnedLimit {
  std::string scope;                   // opaque name, stable over restarts
  int limit = 0, refused_level = 0, doublings = 0;
};

/// A cap on the path of a request, by the name it has on every instance with the same settings.
struct CapOnPath {
  std::string scope;
  int cap = 0;             // automatic: the start value
  bool automatic = false;
  int most = 0;            // automatic: never above
};

/// What others must know of a request to share its caps.
struct SharedPath {
  std::vector<CapOnPath> caps;  // the widest first
  std::string quota;            // the scope that holds apply to
  std::vector<std::string> holds;  // scopes without a cap that can be held all the same
  Duration rest{0};             // a returned permit rests this long
};

/// What this instance is among several that share their caps (docs/scale.md).
struct GroupPart {
  int parts = 1, rank = 0;     // how many they are, and which of them this is
  bool automatic_elsewhere = false;  // automatic limits come from follow(), endings here do not move them
  bool divide_caps = false;    // every cap counts for this part of it alone, at least 1
  bool operator==(const GroupPart&) const = default;
};

/// Time never goes back: an earlier `now` counts as the latest seen.
class Admission {
 public:
  Admission();
  ~Admission();
  Admission(Admission&&) noexcept;
  Admission& operator=(Admission&&) noexcept;

  /// Replaces every limit; running and waiting requests stay and are counted against the new ones. Those of a provider that
  /// is gone go on under its last limits.
  void configure(const std::vector<std::pair<std::string, ProviderLimits>>& providers, int total,
                 const QueueConfig& queue, TimePoint now);

  /// Requests on this key come under the name `to` from now on: what runs, waits and is known under the old one goes with it.
  /// False when nothing is known under it.
  bool rename_key(std::string_view provider, std::string_view from, std::string_view to, TimePoint now);

  /// The operator's cap for a row of snapshot(), in place of what the limits say, until the next configure(). 0 takes it back.
  /// False when there is no such row.
  bool set_cap(std::string_view provider, std::string_view key, std::string_view model, int cap, TimePoint now);

  /// `granted`: may start now, and is not named by take_grants() again. `queue_full`: the ticket is forgotten.
  Answer arrive(const Arrival& arrival, TimePoint now);
  /// The client left, or max_wait ran out: forgets the ticket, waiting or running.
  void cancel(Ticket ticket, TimePoint now);
  /// The attempt is over and the exchange with it: permits return. `random` in [0,1) is used when it was damaged. Its quota is
  /// held back for everybody until `not_before`, as by retry().
  void finish(Ticket ticket, Ending ending, TimePoint now, double random = 0.5, TimePoint not_before = {});
  /// The attempt is over but the exchange goes on: permits return, the ticket waits again at its old place, and its
  /// key (key+model where the limit is per key+model) is held back for everybody until `not_before`.
  void retry(Ticket ticket, Ending ending, TimePoint not_before, TimePoint now, double random = 0.5);
  /// Nobody starts before `until` on this quota; on the whole key when `model` is empty. Never shortens a hold.
  void hold(std::string_view provider, std::string_view key, std::string_view model, TimePoint until, TimePoint now);
  /// What the request really cost; before its finish(). While it waits (between tries) this is its new estimate.
  void correct_tokens(Ticket ticket, std::int64_t actual, TimePoint now);

  // For caps that several instances share: a grant is only a proposal until the others agree. admission_group.cpp.
  SharedPath path_of(Ticket ticket) const;
  /// Whether `waiting` is kept from starting by caps alone, and by none that the permits of `granted` would not give room.
  bool makes_room(Ticket granted, Ticket waiting) const;
  /// The scope that hold() holds.
  std::string held_scope(std::string_view provider, std::string_view key, std::string_view model);
  /// The grant was not used: permits and tokens return and the ticket waits at its old place. `started_before`: an earlier
  /// grant was used.
  void take_back(Ticket ticket, bool started_before, TimePoint now);
  /// Per-minute limits and start intervals are divided by the number of parts, caps where `divide_caps` says so.
  void share(const GroupPart& part, TimePoint now);
  /// The automatic limit of a scope as the group has found it.
  void follow(const std::string& scope, int limit, TimePoint now);
  /// As hold(), for a scope by name; does nothing where no request has met that scope yet.
  void hold_scope(const std::string& scope, TimePoint until, TimePoint now);

  /// Time passed: buckets refill, holds end, rests end.
  void tick(TimePoint now);
  /// When tick() could grant something, if ever. Recomputed after each call.
  std::optional<TimePoint> next_wakeup() const;
  /// Tickets granted since the last call, in order. The caller must start, cancel or finish each of them.
  std::vector<Ticket> take_grants();

  /// 1-based place by arrival among those of the same or a more urgent class waiting for the same key (requests that
  /// come back are ahead of all); 0 = not waiting. Costs a walk over the queue.
  int position(Ticket ticket) const;
  int waiting() const;
  int in_flight() const;
  /// How long a request arriving now would wait, from the rate at which requests really ended lately; 1 s to 10 min.
  Duration estimated_wait(std::string_view provider, std::string_view key, std::string_view model, TimePoint now) const;
  /// Rows in the order of provider, key, model.
  std::vector<KeyState> snapshot(TimePoint now) const;

  std::vector<LearnedLimit> export_state() const;
  /// Best before the first arrival; scopes that are not automatic ignore it.
  void import_state(const std::vector<LearnedLimit>& learned, TimePoint now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siltgate::schedule
