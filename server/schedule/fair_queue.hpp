// SPDX-License-Identifier: Apache-2.0
// The waiting requests that share one set of limits: classes by weight, inside a class round-robin over sessions, inside a
// session first come first served. Constant cost per operation, whatever the length. Knows no limits.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "schedule/class_turns.hpp"
#include "schedule/number_table.hpp"
#include "schedule/slab.hpp"

namespace siltgate::schedule {

struct Target;
struct WaitingSession;

/// A request known to Admission, waiting or running. The first cache line is what waiting in a queue and getting to its front
/// touch, the second what starting it writes and what only questions read.
struct alignas(64) Waiter {
  enum class Where : std::uint8_t { nowhere, queue, returned, parked, running };

  Waiter *before = nullptr, *after = nullptr;        // links of the session's line
  WaitingSession* line = nullptr;
  Target* target = nullptr;
  std::uint64_t ticket = 0;
  std::uint64_t named_session = 0;      // hash of the name
  std::int64_t tokens = 0;
  std::uint64_t arrived_order : 56 = 0;  // place among all arrivals
  std::uint8_t klass : 2 = 0;           // 0 for everybody under `order: fifo`
  std::uint8_t named_class : 2 = 0;
  bool as_one : 1 = false;              // queued under `order: fifo`
  Where where : 3 = Where::nowhere;

  std::uint64_t granted_order = 0;      // place among all first grants; 0 = never granted
  TimePoint started{};
  std::array<int, 5> level{};           // permits taken at each scope of the path when this one started, itself included
  std::uint32_t self = 0;
  std::uint64_t request_entry = 0, token_entry = 0;  // entries in the windows charged
  TimePoint arrived{};

  /// One number for everybody under `order: fifo`.
  std::uint64_t session() const { return as_one ? 0 : named_session; }
  void queue_as(bool fifo) {
    as_one = fifo;
    klass = fifo ? 0 : named_class;
  }
  std::uint64_t number() const { return ticket; }
  static std::uint64_t home_of(std::uint64_t ticket) { return ticket * 2; }
};
static_assert(sizeof(Waiter) == 128);

/// One session with somebody waiting: its line of requests and its place in the ring of sessions.
struct alignas(64) WaitingSession {
  std::uint64_t id = 0;
  Waiter *first = nullptr, *last = nullptr;
  WaitingSession *before = nullptr, *after = nullptr;
  std::uint32_t self = 0;

  std::uint64_t number() const { return id; }
  static std::uint64_t home_of(std::uint64_t id) { return id; }  // a hash already
};

class FairQueue {
 public:
  /// `sessions` may serve many queues.
  explicit FairQueue(Slab<WaitingSession>& sessions) : sessions_(sessions) {}
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
    for (auto& ring : rings_) {
      ring.sessions.each([&](WaitingSession& session) {
        for (Waiter* w = session.first; w;) {
          Waiter* next = w->after;
          w->before = w->after = nullptr;
          w->line = nullptr;
          each(*w);
          w = next;
        }
        sessions_.give(session);
      });
      ring.sessions.clear();
      ring.first = ring.last = nullptr;
    }
    returned_.clear();
    size_ = 0;
  }

 private:
  struct Ring {
    NumberTable<WaitingSession> sessions;
    WaitingSession *first = nullptr, *last = nullptr;
  };
  std::array<bool, class_count> available() const;
  static void warm(const Ring& ring);
  static void append(Ring& ring, WaitingSession& session);
  static void unlink(Ring& ring, WaitingSession& session);

  Slab<WaitingSession>& sessions_;
  std::map<std::uint64_t, Waiter*> returned_;  // by granted_order
  std::array<Ring, class_count> rings_{Ring{NumberTable(sessions_)}, Ring{NumberTable(sessions_)}, Ring{NumberTable(sessions_)}};
  ClassTurns turns_;
  int size_ = 0;
};

}  // namespace siltgate::schedule
