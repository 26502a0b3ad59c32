// SPDX-License-Identifier: Apache-2.0
// What Admission answers when asked: places, rows for `status`, the wait a newcomer must expect. Changes nothing.
#include <algorithm>
#include <map>
#include <numeric>

#include "schedule/admission_state.hpp"

namespace siltgate::schedule {

std::string_view to_string(Bottleneck b) {
  constexpr std::string_view names[] = {"none", "cap", "held", "damage", "start_interval", "requests", "tokens", "wider"};
  return names[static_cast<int>(b)];
}

namespace {

Bottleneck bottleneck_of(const Lane& lane, TimePoint now) {
  const Scope& leaf = *lane.leaf;
  if (leaf.waiting == 0) return Bottleneck::none;
  for (const Scope* s = &leaf; s; s = s->parent)
    if (s->held_until > now) return Bottleneck::held;
  if (lane.queue.empty()) return Bottleneck::damage;
  for (const Scope* s = &leaf; s; s = s->parent) {
    if (s->cap > 0 && s->used() >= s->cap) return s == &leaf ? Bottleneck::cap : Bottleneck::wider;
    if (s->next_start() > now) return Bottleneck::start_interval;
    if (s->requests.full()) return Bottleneck::requests;
    if (s->alarm && s->tokens.limited()) return Bottleneck::tokens;
  }
  return Bottleneck::wider;
}

}  // namespace

std::optional<TimePoint> Admission::next_wakeup() const {
  if (state_->alarms.empty()) return std::nullopt;
  return state_->alarms.begin()->first;
}

int Admission::waiting() const { return state_->waiting; }
int Admission::in_flight() const { return state_->running; }

int Admission::position(Ticket ticket) const {
  const Waiter* me = state_->waiters.find(ticket);
  if (!me || me->where == Waiter::Where::running) return 0;
  const auto key = [](const Waiter& w) { return w.target->path[static_cast<int>(Kind::key)]; };
  const auto ahead = [me](const Waiter& w) {
    if (me->granted_order || w.granted_order)
      return w.granted_order && (!me->granted_order || w.granted_order < me->granted_order);
    return w.klass <= me->klass && w.arrived_order < me->arrived_order;
  };
  int place = 1;
  state_->waiters.each([&](const Waiter& w) {
    if (w.where != Waiter::Where::running && key(w) == key(*me) && ahead(w)) ++place;
  });
  return place;
}

Duration Admission::estimated_wait(std::string_view provider, std::string_view key, std::string_view model,
                                   TimePoint now) const {
  using std::chrono::seconds;
  const State& s = *state_;
  const auto found = s.targets.find(scope_name(Kind::model, provider, key, model));
  if (found == s.targets.end()) return seconds(1);
  const Lane& lane = *found->second->lane;
  Duration held{0};
  for (const Scope* scope = lane.leaf; scope; scope = scope->parent)
    held = std::max(held, scope->held_until > now ? scope->held_until - now : Duration{0});
  held = std::max(held, found->second->circuit.held_until() - now);
  // So many ends in the time in which somebody ran or waited, until now: silence is no slowness. Without any, ten seconds each
  // is a guess.
  Duration each = seconds(10);
  const auto& ends = lane.finished;
  const bool busy = lane.leaf->running + lane.leaf->waiting > 0;
  const Duration taken = std::accumulate(ends.begin(), ends.end(), busy && now > lane.busy_since ? now - lane.busy_since : Duration{0});
  if (!ends.empty()) each = std::max<Duration>(taken, Duration{1}) / static_cast<int>(ends.size());
  const Duration most = std::chrono::minutes(10);
  const int ahead = lane.leaf->waiting + 1;
  const Duration queue = each > most / ahead ? most : each * ahead;
  return std::clamp<Duration>(held + queue, seconds(1), most);
}

std::vector<KeyState> Admission::snapshot(TimePoint now) const {
  const State& s = *state_;
  std::map<const Lane*, KeyState> rows;
  for (const auto& [name, t] : s.targets) {
    if (t->lane->leaf->running + t->lane->leaf->waiting == 0 && s.retired.contains(t->provider)) continue;
    KeyState& row = rows[t->lane];
    const Scope& leaf = *t->lane->leaf;
    row.damaged_in_a_row = std::max(row.damaged_in_a_row, t->circuit.streak());
    const TimePoint damage = t->circuit.held_until();
    if (damage > now) row.damage_held_until = std::max(row.damage_held_until.value_or(damage), damage);
    if (leaf.kind == Kind::group) row.group.push_back(t->model);
    if (!row.provider.empty()) continue;
    row.provider = leaf.provider;
    row.key = leaf.key;
    row.model = leaf.name;
    row.wide = leaf.kind < Kind::group;
    row.in_flight = leaf.running;
    row.waiting = leaf.waiting;
    row.cap = leaf.cap;
    row.automatic = leaf.adaptive.has_value();
    row.cap_from = leaf.cap_from;
    row.refusals = leaf.refusals;
    row.bottleneck = bottleneck_of(*t->lane, now);
    for (const Scope* scope = &leaf; scope; scope = scope->parent)
      if (scope->held_until > now) row.held_until = std::max(row.held_until.value_or(TimePoint{}), scope->held_until);
  }
  s.waiters.each([&](const Waiter& w) {
    if (w.where == Waiter::Where::running) return;
    KeyState& row = rows[w.target->lane];
    row.oldest_wait = std::max(row.oldest_wait, now - w.arrived);
  });
  std::vector<KeyState> list;
  for (auto& [lane, row] : rows) list.push_back(std::move(row));
  std::sort(list.begin(), list.end(), [](const KeyState& a, const KeyState& b) {
    return std::tie(a.provider, a.key, a.model) < std::tie(b.provider, b.key, b.model);
  });
  return list;
}

}  // namespace siltgate::schedule
