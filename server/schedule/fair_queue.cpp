// SPDX-License-Identifier: Apache-2.0
#include "schedule/fair_queue.hpp"

namespace siltgate::schedule {

/// Fetches what the turn after the next will touch, so that it does not wait for memory then.
void FairQueue::warm(const Ring& ring) {
  const WaitingSession* second = ring.first ? ring.first->after : nullptr;
  if (!second) return;
  __builtin_prefetch(second->first, 1);
  if (second->first == second->last) ring.sessions.warm(second->id);
  if (second->after) __builtin_prefetch(second->after, 1);
}

void FairQueue::append(Ring& ring, WaitingSession& session) {
  session.before = ring.last;
  session.after = nullptr;
  (ring.last ? ring.last->after : ring.first) = &session;
  ring.last = &session;
}

void FairQueue::unlink(Ring& ring, WaitingSession& session) {
  (session.before ? session.before->after : ring.first) = session.after;
  (session.after ? session.after->before : ring.last) = session.before;
}

std::array<bool, class_count> FairQueue::available() const {
  std::array<bool, class_count> some{};
  for (int c = 0; c < class_count; ++c) some[c] = rings_[c].first != nullptr;
  return some;
}

void FairQueue::push(Waiter& waiter, TimePoint now) {
  Ring& ring = rings_[waiter.klass];
  if (!ring.first) turns_.activate(waiter.klass, now);
  const std::uint64_t id = waiter.session();
  WaitingSession* known = ring.sessions.find(id);
  WaitingSession& session = known ? *known : sessions_.take();
  if (!known) {
    session.id = id;
    ring.sessions.insert(session);
    append(ring, session);
  }
  Waiter* behind = session.last;  // the one this waiter follows
  if (behind && behind->arrived_order > waiter.arrived_order) {
    // Comes back from being parked: those are older than most of the line, so search from its head.
    behind = nullptr;
    for (Waiter* w = session.first; w && w->arrived_order < waiter.arrived_order; w = w->after) behind = w;
  }
  waiter.before = behind;
  waiter.after = behind ? behind->after : session.first;
  (waiter.before ? waiter.before->after : session.first) = &waiter;
  (waiter.after ? waiter.after->before : session.last) = &waiter;
  waiter.line = &session;
  waiter.where = Waiter::Where::queue;
  ++size_;
}

void FairQueue::push_returned(Waiter& waiter) {
  returned_.emplace(waiter.granted_order, &waiter);
  waiter.where = Waiter::Where::returned;
  ++size_;
}

void FairQueue::remove(Waiter& waiter) {
  --size_;
  if (waiter.where == Waiter::Where::returned) {
    returned_.erase(waiter.granted_order);
  } else {
    Ring& ring = rings_[waiter.klass];
    WaitingSession& session = *waiter.line;
    (waiter.before ? waiter.before->after : session.first) = waiter.after;
    (waiter.after ? waiter.after->before : session.last) = waiter.before;
    waiter.before = waiter.after = nullptr;
    waiter.line = nullptr;
    if (!session.first) {
      unlink(ring, session);
      ring.sessions.erase(session);
      sessions_.give(session);
    }
  }
  waiter.where = Waiter::Where::nowhere;
}

Waiter* FairQueue::front(TimePoint now, Duration age) const {
  if (!returned_.empty()) return returned_.begin()->second;
  const auto some = available();
  if (!some[0] && !some[1] && !some[2]) return nullptr;
  Waiter* found = rings_[turns_.pick(some, now, age)].first->first;
  __builtin_prefetch(&found->granted_order, 1);
  if (found->after) __builtin_prefetch(found->after, 1);
  return found;
}

void FairQueue::take(Waiter& waiter, TimePoint now) {
  if (waiter.where == Waiter::Where::queue) {
    turns_.charge(waiter.klass, available(), now);
    Ring& ring = rings_[waiter.klass];
    WaitingSession& session = *waiter.line;
    unlink(ring, session);
    append(ring, session);
    warm(ring);
  }
  remove(waiter);
}

}  // namespace siltgate::schedule
