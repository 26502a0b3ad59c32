// SPDX-License-Identifier: Apache-2.0
// The tree of limits Admission walks: scopes (everything, provider, key, group, key+model), the lanes of waiting requests that
// hang below them, and the targets (key+model as requests name them) that lead to a lane. Plain state; the rules are in admission.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "schedule/adaptive_limit.hpp"
#include "schedule/config.hpp"
#include "schedule/damage_circuit.hpp"
#include "schedule/fair_queue.hpp"
#include "schedule/sliding_window.hpp"

namespace siltgate::schedule {

struct Scope;

/// Something that time alone can change; `alarm` is when.
struct Timed {
  enum class What { lane, scope, target } what;
  std::optional<TimePoint> alarm;
  explicit Timed(What w) : what(w) {}
};

/// A lane or a scope: offers at most one request to the scope above it.
struct Child : Timed {
  using Key = std::tuple<std::uint64_t, std::uint64_t>;  // session last served, place
  Scope* above = nullptr;      // nearest limited scope above; null for the root only
  Waiter* candidate = nullptr; // what it offers, null = nothing
  int listed = -1;             // the list of `above` it stands in, -1 = none
  Key key{};                   // under which key
  using Timed::Timed;
};

/// Requests with the same set of limits.
struct Lane : Child {
  FairQueue queue;
  Scope* leaf;
  // For the drain rate: the time before each of the last few ends in which somebody ran or waited, and since when the next counts.
  std::deque<Duration> finished;
  TimePoint busy_since{};
  Lane(Scope* scope, Slab<WaitingSession>& sessions) : Child(What::lane), queue(sessions), leaf(scope) {}
};

/// When each session was last served, as a growing number. Remembers about the last 8,192 turns.
class SessionStamps {
 public:
  std::uint64_t of(std::uint64_t session) const {
    const auto found = last_.find(session);
    return found == last_.end() ? 0 : found->second;
  }
  void mark(std::uint64_t session) {
    last_[session] = ++count_;
    turns_.push_back(session);
    if (turns_.size() <= kept) return;
    const auto oldest = last_.find(turns_.front());
    if (oldest != last_.end() && oldest->second + kept <= count_) last_.erase(oldest);
    turns_.pop_front();
  }

 private:
  static constexpr std::size_t kept = 8192;
  std::unordered_map<std::uint64_t, std::uint64_t> last_;
  std::deque<std::uint64_t> turns_;
  std::uint64_t count_ = 0;
};

/// The five kinds of scope, widest first; also the index in a path.
enum class Kind { total, provider, key, group, model };
inline constexpr int path_length = 5;

struct Scope : Child {
  Kind kind;
  std::string provider, key, name;  // name: of the group or the model
  Scope* parent = nullptr;          // next wider scope, limited or not

  int cap = 0;                      // 0 = none
  CapFrom cap_from = CapFrom::nobody;
  bool limited = false;             // takes part in the tree
  std::optional<AdaptiveLimit> adaptive;
  bool adaptive_started = false;    // its start value is known
  Duration start_interval{0}, release_delay{0};
  SlidingWindow requests, tokens;

  int running = 0, waiting = 0;     // beneath this scope
  std::multiset<TimePoint> rests;   // when the permits that rest were returned; release_delay later they are free
  std::optional<TimePoint> last_start;
  TimePoint held_until{};
  std::uint64_t refusals = 0;

  // Four lists of children that offer something: requests that come back, then the three classes.
  using Ready = std::set<std::tuple<Child::Key, Child*>>;
  std::array<Ready, 1 + class_count> ready;
  ClassTurns turns;
  SessionStamps stamps;
  int children = 0;                 // how many may stand in the lists
  std::unique_ptr<Lane> lane;       // requests for which this is the narrowest limit
  std::vector<Lane*> beneath;       // every lane at or below

  Scope(Kind k, std::string_view p, std::string_view ke, std::string_view n)
      : Child(What::scope), kind(k), provider(p), key(ke), name(n) {}
  int used() const { return running + static_cast<int>(rests.size()); }
  void end_rests(TimePoint now) {
    while (!rests.empty() && *rests.begin() + release_delay <= now) rests.erase(rests.begin());
  }
  /// No start before this, by start_interval.
  TimePoint next_start() const { return last_start ? *last_start + start_interval : TimePoint{}; }
  std::array<bool, class_count> available() const {
    return {!ready[1].empty(), !ready[2].empty(), !ready[3].empty()};
  }
};

/// A key+model as requests name it.
struct Target : Timed {
  std::string provider, key, model;
  std::array<Scope*, path_length> path{};  // null where there is no such scope
  Scope* unit = nullptr;                   // what counts as one quota
  Lane* lane = nullptr;
  DamageCircuit circuit;
  std::set<std::pair<std::uint64_t, Waiter*>> parked;  // held back by the circuit
  int users = 0;                           // waiting and running
  Target(std::string_view p, std::string_view k, std::string_view m)
      : Timed(What::target), provider(p), key(k), model(m) {}
};

}  // namespace siltgate::schedule
