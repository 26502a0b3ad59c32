// SPDX-License-Identifier: Apache-2.0
// The waiting requests that share one set of limits: classes by weight, inside a class round-robin over sessions, inside a
// session first come first served. Constant cost per operation, whatever the length. Knows no limits.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <unordered_map>

#include "schedule/class_turns.hpp"

namespace siltgate::schedule {

struct Target;
struct WaitingSession;

/// A request known to Admission, waiting or running. Ordered by use: first what passing it along touches, then what
/// starting it writes, last what only questions read.
struct alignas(64) Waiter {
  Waiter *before = nullptr, *after = nullptr;        // links of the session's line
  WaitingSession* line = nullptr;
  Target* target = nullptr;
  std::uint64_t ticket = 0;
  std::uint64_t session = 0;            // hash of the name; one number for everybody under `order: fifo`
  std::uint64_t arrived_order = 0;      // place among all arrivals
  std::uint8_t klass = 0;               // 0 for everybody under `order: fifo`
  enum class Where : std::uint8_t { nowhere, queue, returned, parked, running } where = Where::nowhere;

  std::uint64_t granted_order = 0;      // place among all first grants; 0 = never granted
  std::int64_t tokens = 0;
  TimePoint started{};
  std::array<int, 5> level{};           // permits taken at each scope of the path when this one started, itself included
  std::uint64_t request_entry = 0, token_entry = 0;  // entries in the windows charged

  TimePoint arrived{};
  std::uint64_t named_session = 0;      // hash of the name
  std::uint8_t named_class = 0;
};

/// One session with somebody waiting: its line of requests and its place in the ring of sessions.
struct WaitingSession {
  std::uint64_t id = 0;
  Waiter *first = nullptr, *last = nullptr;
  WaitingSession *before = nullptr, *after = nullptr;
};

class FairQueue {
 public:
  FairQueue() = default;
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  /// At its place by arrival in its session's line; a session new to the ring joins at its end.
  void push(Waiter& waiter, TimePoint now);
  /// A request that was granted before: ahead of everybody never granted, in the order of first grants.
  void push_returned(Waiter& waiter);
  void remove(Waiter& waiter);
  /// Next in order; null when empty.
  Waiter* front(TimePoint now, Duration age) const;
  /// Removes `waiter`, which front() named, and passes the turn on.
  void take(Waiter& waiter, TimePoint now);
  bool empty() const { return size_ == 0; }
  int size() const { return size_; }
  /// Empties the queue; `each` sees every waiter in no particular order.
  template <class F>
  void drain(F each) {
    for (auto& [order, waiter] : returned_) each(*waiter);
    for (auto& ring : rings_)
      for (auto& [id, session] : ring.sessions)
        for (Waiter* w = session.first; w;) {
          Waiter* next = w->after;
          w->before = w->after = nullptr;
          w->line = nullptr;
          each(*w);
          w = next;
        }
    returned_.clear();
    rings_ = {};
    size_ = 0;
  }

 private:
  struct Ring {
    std::unordered_map<std::uint64_t, WaitingSession> sessions;
    WaitingSession *first = nullptr, *last = nullptr;
  };
  std::array<bool, class_count> available() const;
  static void append(Ring& ring, WaitingSession& session);
  static void unlink(Ring& ring, WaitingSession& session);

  std::map<std::uint64_t, Waiter*> returned_;  // by granted_order
  std::array<Ring, class_count> rings_;
  ClassTurns turns_;
  int size_ = 0;
};

}  // namespace siltgate::schedule
