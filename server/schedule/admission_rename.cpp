// SPDX-License-Identifier: Apache-2.0
// A key that gets another name while requests of it run and wait: everything that is known under the old name moves to the new one.
#include <algorithm>
#include <utility>

#include "schedule/admission_state.hpp"

namespace siltgate::schedule {

/// What `from` remembers becomes `to`'s. True when entries in the windows keep their numbers.
static bool absorb(Scope& to, Scope& from) {
  to.held_until = std::max(to.held_until, from.held_until);
  to.rests.merge(from.rests);
  to.last_start = std::max(to.last_start, from.last_start);
  to.refusals += from.refusals;
  if (from.adaptive && !to.adaptive_started) {
    to.adaptive = from.adaptive;
    to.adaptive_started = from.adaptive_started;
  }
  const bool whole = to.requests.unused() && to.tokens.unused();
  if (whole) std::swap(to.requests, from.requests), std::swap(to.tokens, from.tokens);
  return whole;
}

void Admission::State::move_target(Target& from, Target& to, const std::unordered_map<Scope*, bool>& windows_kept) {
  if (to.users == 0 && to.circuit.streak() == 0)
    to.circuit = from.circuit;
  else
    for (int i = 0; i < from.circuit.in_flight(); ++i) to.circuit.started();
  if (from.users == 0) return;
  to.users += std::exchange(from.users, 0);
  waiters.each([&](Waiter& w) {
    if (w.target != &from) return;
    w.target = &to;
    if (!windows_kept.at(from.unit)) w.request_entry = w.token_entry = 0;
  });
}

bool Admission::rename_key(std::string_view provider, std::string_view from, std::string_view to, TimePoint now) {
  State& s = *state_;
  if (from == to || !s.scopes.contains(scope_name(Kind::key, provider, from, ""))) return false;
  s.advance(now);
  const auto concerned = [&](const auto& one) { return one.provider == provider && one.key == from; };
  std::vector<Target*> old;
  for (auto& [name, t] : s.targets)
    if (concerned(*t)) old.push_back(t.get());
  std::unordered_map<Scope*, bool> windows_kept;
  for (auto& [name, scope] : s.scopes)
    if (concerned(*scope)) windows_kept.emplace(scope.get(), false);
  for (auto& [scope, kept] : windows_kept) kept = absorb(s.scope(scope->kind, provider, to, scope->name), *scope);
  for (Target* t : old) s.move_target(*t, s.target(provider, to, t->model, ""), windows_kept);
  for (Target* t : old) {
    s.set_alarm(*t, std::nullopt);
    s.targets.erase(scope_name(Kind::model, provider, from, std::string(t->model)));
  }
  s.latest = nullptr;
  s.rebuild();
  std::erase_if(s.scopes, [&](auto& entry) {
    Scope& scope = *entry.second;
    const bool gone = concerned(scope);
    if (gone) s.set_alarm(scope, std::nullopt);
    if (gone && scope.lane) s.set_alarm(*scope.lane, std::nullopt);
    return gone;
  });
  s.settle();
  return true;
}

}  // namespace siltgate::schedule
