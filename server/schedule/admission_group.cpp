// SPDX-License-Identifier: Apache-2.0
// Admission as one of several instances on the same caps: what the others must know of a request, grants that were not used,
// and this instance's part where it decides alone. Knows no instance but its own.
#include <algorithm>

#include "schedule/admission_state.hpp"

namespace siltgate::schedule {

/// The parts of all ranks add up to the whole, unless there are more parts than that: then each has 1.
std::int64_t Admission::State::part_of(std::int64_t whole) const {
  if (whole <= 0 || part.parts <= 1) return whole;
  return std::max<std::int64_t>(1, whole / part.parts + (part.rank < whole % part.parts ? 1 : 0));
}

int Admission::State::limit_of(const Scope& scope) const {
  if (!part.automatic_elsewhere) return scope.adaptive->limit();
  const auto found = followed.find(scope_name(scope.kind, scope.provider, scope.key, scope.name));
  return found == followed.end() ? scope.adaptive->limit() : found->second;
}

SharedPath Admission::path_of(Ticket ticket) const {
  SharedPath path;
  const Waiter* waiter = state_->waiters.find(ticket);
  if (!waiter) return path;
  for (const Scope* s : waiter->target->path) {
    if (!s || s->cap <= 0) continue;
    path.caps.push_back({scope_name(s->kind, s->provider, s->key, s->name), s->cap, s->adaptive.has_value(),
                         s->adaptive ? s->adaptive->most() : 0});
  }
  for (const Scope* s : {waiter->target->path[static_cast<int>(Kind::key)], waiter->target->unit}) {
    const std::string name = scope_name(s->kind, s->provider, s->key, s->name);
    if (s->cap <= 0 && std::find(path.holds.begin(), path.holds.end(), name) == path.holds.end()) path.holds.push_back(name);
  }
  const Scope& unit = *waiter->target->unit;
  path.quota = scope_name(unit.kind, unit.provider, unit.key, unit.name);
  path.rest = unit.release_delay;
  return path;
}

bool Admission::makes_room(Ticket granted, Ticket waiting) const {
  const Waiter *in_the_way = state_->waiters.find(granted), *waits = state_->waiters.find(waiting);
  if (!in_the_way || !waits) return false;
  const auto& given = in_the_way->target->path;
  bool full = false;
  for (const Scope* s : waits->target->path) {
    if (!s) continue;
    if (s->held_until > state_->now) return false;
    if (s->cap <= 0 || s->used() < s->cap) continue;
    if (s->used() > s->cap || std::find(given.begin(), given.end(), s) == given.end()) return false;
    full = true;
  }
  return full;
}

std::string Admission::held_scope(std::string_view provider, std::string_view key, std::string_view model) {
  const Target& to = state_->target(provider, key, model, "");
  const Scope& s = model.empty() ? *to.path[static_cast<int>(Kind::key)] : *to.unit;
  return scope_name(s.kind, s.provider, s.key, s.name);
}

void Admission::take_back(Ticket ticket, bool started_before, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  Waiter* waiter = s.waiters.find(ticket);
  if (!waiter || waiter->where != Waiter::Where::running) return;
  Target& to = *waiter->target;
  to.unit->requests.amend(waiter->request_entry, 0);
  to.unit->tokens.amend(waiter->token_entry, 0);
  for (Scope* scope : to.path)
    if (scope) --scope->running;
  to.circuit.left();
  --s.running;
  std::erase(s.grants, ticket);
  if (!started_before) waiter->granted_order = 0;
  waiter->where = Waiter::Where::nowhere;
  s.enqueue(*waiter, started_before);
  s.refresh(*to.lane);
  s.reopen(to);
  s.settle();
}

void Admission::share(const GroupPart& part, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  if (s.part == part) return;
  s.part = part;
  s.rebuild();
  s.settle();
}

void Admission::follow(const std::string& scope, int limit, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  if (s.followed.size() > 4096)  // model names come from clients
    std::erase_if(s.followed, [&](const auto& entry) { return !s.scopes.contains(entry.first); });
  int& known = s.followed[scope];
  if (known == limit) return;
  known = limit;
  const auto found = s.scopes.find(scope);
  if (found == s.scopes.end() || !found->second->adaptive) return;
  found->second->adaptive->restore({limit, 0, 0}, s.now);
  found->second->adaptive_started = true;
  s.rebuild();
  s.settle();
}

void Admission::hold_scope(const std::string& scope, TimePoint until, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  s.settle();
  if (const auto found = s.scopes.find(scope); found != s.scopes.end()) s.hold(*found->second, until);
}

}  // namespace siltgate::schedule
