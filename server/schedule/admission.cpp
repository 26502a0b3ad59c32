// SPDX-License-Identifier: Apache-2.0
// The rules:
// (1) A request starts when every scope on its path (everything, provider, key, group, key+model) has a free permit, none of
//     them is held and no interval, window or damage circuit stands against it. It takes all permits at once or none.
// (2) After each call no request that could start is left waiting. Scopes form a tree: each scope that is open offers its best
//     request to the scope above, and what the root offers starts.
// (3) Among requests with the same limits: those that started before (retries) in the order of their first start; then classes by
//     weight 8/4/1, a class passed over for half of max_wait first; then sessions in turn; then by arrival.
// (4) Among lanes that meet at a wider limit: the same, with the session served longest ago in place of the ring.
// (5) `order: fifo` makes one class and one session of everybody.
// (6) A permit rests for release_delay after its return, except the permit of `total`, which is no provider's.
// (7) A retry holds its quota for everybody until not_before; then rule 3 lets it go first. A refused request that is not tried
//     again can leave such a hold behind. Holds never shorten.
// (8) Starts on one key keep start_interval. The request whose turn it is waits for its tokens; nobody overtakes it.
//     A request that was refused or never sent gives back what it took from the windows.
// (9) Requests stopped by a damage circuit step aside (they are parked) and come back at their places when it opens.
// (10) A request that cannot start at once is refused when max_waiting are waiting. Retries are never refused.
#include "schedule/admission.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "schedule/admission_state.hpp"

namespace siltgate::schedule {

// ---- time and offers

void Admission::State::set_alarm(Timed& timed, std::optional<TimePoint> at) {
  if (timed.alarm == at) return;
  if (timed.alarm) alarms.erase({*timed.alarm, &timed});
  timed.alarm = at;
  if (at) alarms.emplace(*at, &timed);
}

void Admission::State::advance(TimePoint time) {
  now = std::max(now, time);
  while (!alarms.empty() && alarms.begin()->first <= now) {
    Timed& due = *alarms.begin()->second;
    set_alarm(due, std::nullopt);
    if (due.what == Timed::What::target)
      reopen(static_cast<Target&>(due));
    else
      refresh(static_cast<Child&>(due));
  }
}

void Admission::State::settle() {
  while (Waiter* waiter = root->candidate) grant(*waiter);  // (2)
}

/// Recomputes what `from` and everything above it offer.
void Admission::State::refresh(Child& from) {
  for (Child* child = &from; child; child = child->above) {
    const bool is_lane = child->what == Timed::What::lane;
    list(*child, is_lane ? offer(static_cast<Lane&>(*child)) : offer(static_cast<Scope&>(*child)));
  }
}

Waiter* Admission::State::offer(Lane& lane) {
  std::optional<TimePoint> wake;
  Waiter* found = nullptr;
  if (!lane.queue.empty()) {
    TimePoint held{};
    for (const Scope* scope = lane.leaf; scope; scope = scope->parent) held = std::max(held, scope->held_until);  // (7)
    if (held > now) {
      wake = held;
    } else {
      while ((found = lane.queue.front(now, queue.max_wait / 2)) && found->target->circuit.closed(now)) {
        lane.queue.remove(*found);  // (9)
        found->where = Waiter::Where::parked;
        found->target->parked.emplace(std::uint64_t{found->arrived_order}, found);
        reopen(*found->target);
      }
    }
  }
  set_alarm(lane, wake);
  return found;
}

Waiter* Admission::State::offer(Scope& scope) {
  scope.end_rests(now);  // (6)
  std::optional<TimePoint> wake;
  Waiter* found = best(scope);
  if (!found) {
  } else if (scope.cap > 0 && scope.used() >= scope.cap) {  // (1)
    if (scope.running < scope.cap) wake = *scope.rests.begin() + scope.release_delay;
  } else if (scope.next_start() > now) {  // (8)
    wake = scope.next_start();
  } else if (!scope.requests.fits(1, now)) {
    wake = scope.requests.next_change();
  } else if (!scope.tokens.fits(std::max<std::int64_t>(found->tokens, 1), now)) {
    wake = scope.tokens.next_change();
  } else {
    set_alarm(scope, std::nullopt);
    return found;
  }
  set_alarm(scope, wake);
  return nullptr;
}

/// `entry` is the child's old node or none.
static void enter(Scope::Ready& list, Scope::Ready::node_type entry, Child& child) {
  if (!entry) {
    list.emplace(child.key, &child);
    return;
  }
  entry.value() = {child.key, &child};
  list.insert(std::move(entry));
}

/// The request whose turn it is among those the children offer.
Waiter* Admission::State::best(Scope& scope) {
  const auto some = scope.available();
  if (scope.ready[0].empty() && !some[0] && !some[1] && !some[2]) return nullptr;
  const int which = !scope.ready[0].empty() ? 0 : 1 + scope.turns.pick(some, now, queue.max_wait / 2);  // (4)
  auto& list = scope.ready[which];
  for (;;) {
    // Stamps only grow, so a key that is out of date is too small: put it right when it comes up.
    Child* child = std::get<1>(*list.begin());
    if (which == 0 || scope.children < 2) return child->candidate;
    const std::uint64_t stamp = queue.order == Order::fifo ? 0 : scope.stamps.of(child->candidate->session());
    if (stamp == std::get<0>(child->key)) return child->candidate;
    auto entry = list.extract(list.begin());
    std::get<0>(child->key) = stamp;
    enter(list, std::move(entry), *child);
  }
}

/// Enters what `child` offers in the lists of the scope above.
void Admission::State::list(Child& child, Waiter* waiter) {
  Scope* above = child.above;
  if (!above) {
    child.candidate = waiter;
    return;
  }
  const bool returned = waiter && waiter->where == Waiter::Where::returned;
  const int which = !waiter ? -1 : returned ? 0 : 1 + waiter->klass;
  const std::uint64_t place = !waiter ? 0 : returned ? waiter->granted_order : waiter->arrived_order;
  if (which == child.listed && waiter == child.candidate && (!waiter || std::get<1>(child.key) == place)) return;
  const bool newly = which > 0 && which != child.listed && above->ready[which].empty();
  Scope::Ready::node_type entry;
  if (child.listed >= 0) entry = above->ready[child.listed].extract({child.key, &child});
  child.candidate = waiter;
  child.listed = which;
  if (!waiter) return;
  const bool stamped = !returned && queue.order == Order::fair && above->children > 1;
  child.key = {stamped ? above->stamps.of(waiter->session()) : 0, place};
  enter(above->ready[which], std::move(entry), child);
  if (newly) above->turns.activate(which - 1, now);
}

// ---- permits

void Admission::State::grant(Waiter& waiter) {
  Target& to = *waiter.target;
  Lane& lane = *to.lane;
  if (waiter.where == Waiter::Where::queue) {
    for (Scope* scope = lane.above; scope; scope = scope->above) {  // (4)
      scope->turns.charge(waiter.klass, scope->available(), now);
      if (scope->children > 1) scope->stamps.mark(waiter.session());
    }
  }
  lane.queue.take(waiter, now);  // (3)
  for (int i = 0; i < path_length; ++i) {
    Scope* scope = to.path[i];
    if (!scope) continue;
    --scope->waiting;
    waiter.level[i] = ++scope->running;  // (1)
  }
  to.path[static_cast<int>(Kind::key)]->last_start = now;  // (8)
  waiter.request_entry = to.unit->requests.limited() ? to.unit->requests.charge(1, now) : 0;
  waiter.token_entry =
      to.unit->tokens.limited() ? to.unit->tokens.charge(std::max<std::int64_t>(waiter.tokens, 1), now) : 0;
  to.circuit.started();
  waiter.where = Waiter::Where::running;
  waiter.started = now;
  if (!waiter.granted_order) waiter.granted_order = ++granted;
  --waiting;
  ++running;
  grants.push_back(waiter.ticket);
  waiters.warm(waiter.ticket);  // for its end
  refresh(lane);
}

void Admission::State::judge(Scope& scope, const Waiter& waiter, int level, Ending ending) {
  if (!scope.adaptive || part.automatic_elsewhere) return;
  if (ending == Ending::served)
    scope.adaptive->served(level, waiter.started, scope.running >= scope.cap && scope.waiting > 0, now);
  else if (ending == Ending::refused_concurrency)
    scope.adaptive->refused(std::max(level, scope.running), waiter.started, now);
  scope.cap = scope.adaptive->limit();
}

void Admission::State::give_back(Waiter& waiter, Ending ending, double random) {
  Target& to = *waiter.target;
  const bool refused = ending == Ending::refused_concurrency || ending == Ending::refused_rate ||
                       ending == Ending::refused_overloaded;
  for (int i = 0; i < path_length; ++i) {
    Scope* scope = to.path[i];
    if (!scope) continue;
    judge(*scope, waiter, waiter.level[i], ending);
    --scope->running;
    scope->end_rests(now);
    if (scope->release_delay > Duration{0}) scope->rests.insert(now);  // (6)
  }
  if (refused) ++to.lane->leaf->refusals;
  if (refused || ending == Ending::unused) {  // (8)
    to.unit->requests.amend(waiter.request_entry, 0);
    to.unit->tokens.amend(waiter.token_entry, 0);
  } else if (ending != Ending::ignored) {
    to.lane->finished.push_back(now - std::exchange(to.lane->busy_since, now));
    if (to.lane->finished.size() > 32) to.lane->finished.pop_front();
  }
  to.circuit.left();
  if (ending == Ending::served) to.circuit.served();
  if (ending == Ending::damaged) to.circuit.damaged(random, now);
  waiter.where = Waiter::Where::nowhere;
  --running;
  if (!grants.empty()) std::erase(grants, waiter.ticket);
}

// ---- coming and going

void Admission::State::enqueue(Waiter& waiter, bool returned) {
  Target& to = *waiter.target;
  if (to.lane->leaf->running + to.lane->leaf->waiting == 0) to.lane->busy_since = now;
  if (returned)
    to.lane->queue.push_returned(waiter);
  else
    to.lane->queue.push(waiter, now);
  for (Scope* scope : to.path)
    if (scope) ++scope->waiting;
  ++waiting;
}

void Admission::State::withdraw(Waiter& waiter) {
  Target& to = *waiter.target;
  if (waiter.where == Waiter::Where::parked)
    to.parked.erase({std::uint64_t{waiter.arrived_order}, &waiter});
  else
    to.lane->queue.remove(waiter);
  waiter.where = Waiter::Where::nowhere;
  for (Scope* scope : to.path)
    if (scope) --scope->waiting;
  --waiting;
}

void Admission::State::forget(Waiter& waiter) {
  --waiter.target->users;
  waiters.erase(waiter);
  requests.give(waiter);
}

/// Lets parked requests back in when the circuit allows a start, else sees to it that time does.
void Admission::State::reopen(Target& target) {
  std::optional<TimePoint> wake;
  if (!target.parked.empty() && target.circuit.closed(now)) {
    if (target.circuit.held_until() > now) wake = target.circuit.held_until();
  } else {
    for (auto [order, waiter] : target.parked) {
      if (waiter->granted_order)
        target.lane->queue.push_returned(*waiter);
      else
        target.lane->queue.push(*waiter, now);
    }
    const bool any = !target.parked.empty();
    target.parked.clear();
    if (any) refresh(*target.lane);
  }
  set_alarm(target, wake);
}

void Admission::State::hold(Scope& scope, TimePoint until) {
  if (until <= scope.held_until) return;
  scope.held_until = until;
  for (Lane* lane : scope.beneath) refresh(*lane);
}

// ---- the calls

Admission::Admission() : state_(std::make_unique<State>()) {}
Admission::~Admission() = default;
Admission::Admission(Admission&&) noexcept = default;
Admission& Admission::operator=(Admission&&) noexcept = default;

Answer Admission::arrive(const Arrival& arrival, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  s.settle();
  if (s.targets.size() >= s.crowded) s.forget_idle();
  Target& to = s.target(arrival.provider, arrival.key, arrival.model, arrival.profile);
  Waiter& waiter = s.requests.take();
  waiter.ticket = arrival.ticket;
  waiter.arrived_order = ++s.arrivals;
  waiter.arrived = s.now;
  waiter.tokens = arrival.estimated_tokens;
  waiter.named_session = std::hash<std::string>{}(arrival.session);
  waiter.named_class = static_cast<std::uint8_t>(arrival.klass);
  waiter.queue_as(s.queue.order == Order::fifo);  // (5)
  waiter.target = &to;
  ++to.users;
  s.waiters.insert(waiter);
  s.waiters.warm(waiter.ticket + 8);  // where those that follow will stand
  s.enqueue(waiter, false);
  s.refresh(*to.lane);
  s.settle();
  if (waiter.where == Waiter::Where::running) {
    std::erase(s.grants, arrival.ticket);
    return Answer::granted;
  }
  if (s.waiting <= s.queue.max_waiting) return Answer::queued;
  cancel(arrival.ticket, now);  // (10)
  return Answer::queue_full;
}

void Admission::cancel(Ticket ticket, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  if (Waiter* waiter = s.waiters.find(ticket)) {
    Target& to = *waiter->target;
    if (waiter->where == Waiter::Where::running) {
      const bool untaken = std::find(s.grants.begin(), s.grants.end(), ticket) != s.grants.end();
      if (untaken) to.unit->requests.amend(waiter->request_entry, 0), to.unit->tokens.amend(waiter->token_entry, 0);
      s.give_back(*waiter, Ending::ignored, 0);
    } else {
      s.withdraw(*waiter);
    }
    s.refresh(*to.lane);
    s.forget(*waiter);
    s.reopen(to);
  }
  s.settle();
}

void Admission::finish(Ticket ticket, Ending ending, TimePoint now, double random, TimePoint not_before) {
  State& s = *state_;
  s.advance(now);
  Waiter* waiter = s.waiters.find(ticket);
  if (waiter && waiter->where == Waiter::Where::running) {
    Target& to = *waiter->target;
    s.give_back(*waiter, ending, random);
    s.forget(*waiter);
    if (not_before > s.now) s.hold(*to.unit, not_before);  // (7)
    s.refresh(*to.lane);
    s.reopen(to);
  }
  s.settle();
}

void Admission::retry(Ticket ticket, Ending ending, TimePoint not_before, TimePoint now, double random) {
  State& s = *state_;
  s.advance(now);
  Waiter* waiter = s.waiters.find(ticket);
  if (waiter && waiter->where == Waiter::Where::running) {
    Target& to = *waiter->target;
    s.give_back(*waiter, ending, random);
    s.enqueue(*waiter, true);
    s.hold(*to.unit, not_before);  // (7)
    s.refresh(*to.lane);
    s.reopen(to);
  }
  s.settle();
}

void Admission::hold(std::string_view provider, std::string_view key, std::string_view model, TimePoint until,
                     TimePoint now) {
  State& s = *state_;
  s.advance(now);
  s.settle();
  Target& to = s.target(provider, key, model, "");
  s.hold(model.empty() ? *to.path[static_cast<int>(Kind::key)] : *to.unit, until);
}

void Admission::correct_tokens(Ticket ticket, std::int64_t actual, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  if (Waiter* waiter = s.waiters.find(ticket)) {
    waiter->tokens = actual;
    if (waiter->where == Waiter::Where::running)
      waiter->target->unit->tokens.amend(waiter->token_entry, std::max<std::int64_t>(actual, 1));
    s.refresh(*waiter->target->lane);
  }
  s.settle();
}

void Admission::tick(TimePoint now) {
  state_->advance(now);
  state_->settle();
}

std::vector<Ticket> Admission::take_grants() { return std::exchange(state_->grants, {}); }

}  // namespace siltgate::schedule
