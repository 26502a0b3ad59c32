// SPDX-License-Identifier: Apache-2.0
// What Admission remembers, split over admission.cpp (rules), admission_scopes.cpp (names and limits become
// scopes), admission_rename.cpp (a key under another name), admission_group.cpp (caps shared with others) and
// admission_report.cpp (questions). Private to these five.
#pragma once

#include "schedule/admission.hpp"
#include "schedule/number_table.hpp"
#include "schedule/scope.hpp"

namespace siltgate::schedule {

struct Admission::State {
  // What the user set.
  std::unordered_map<std::string, ProviderLimits> limits;
  std::set<std::string> retired;   // those in `limits` that the latest configuration lacks
  int total = 0;
  std::unordered_map<std::string, int> operator_caps;  // by scope name, until the next configure()
  QueueConfig queue;
  GroupPart part;
  std::unordered_map<std::string, int> followed;  // by scope name

  Slab<WaitingSession> sessions;   // of all lanes

  // Scopes and targets by name.
  std::unordered_map<std::string, std::unique_ptr<Scope>> scopes;
  std::unordered_map<std::string, std::unique_ptr<Target>> targets;
  Target* latest = nullptr;        // the one asked for last: mostly the next one too
  std::unordered_map<std::string, AdaptiveMemory> imported;  // by scope name, until the scope appears
  std::size_t crowded = 1024;  // so many targets: time to forget the idle ones
  Scope* root = nullptr;

  // Requests.
  Slab<Waiter> requests;
  NumberTable<Waiter> waiters{requests};  // by ticket
  std::vector<Ticket> grants;
  int waiting = 0, running = 0;
  std::uint64_t arrivals = 0, granted = 0;  // counters that give places

  std::set<std::pair<TimePoint, Timed*>> alarms;
  TimePoint now{};

  State();
  // admission.cpp
  void advance(TimePoint time);
  void settle();
  void set_alarm(Timed& timed, std::optional<TimePoint> at);
  void refresh(Child& from);
  Waiter* offer(Lane& lane);
  Waiter* offer(Scope& scope);
  Waiter* best(Scope& scope);
  void list(Child& child, Waiter* waiter);
  void grant(Waiter& waiter);
  void give_back(Waiter& waiter, Ending ending, double random);
  void judge(Scope& scope, const Waiter& waiter, int level, Ending ending);
  void enqueue(Waiter& waiter, bool returned);
  void withdraw(Waiter& waiter);
  void forget(Waiter& waiter);
  void reopen(Target& target);
  void hold(Scope& scope, TimePoint until);
  // admission_group.cpp
  std::int64_t part_of(std::int64_t whole) const;
  int limit_of(const Scope& scope) const;
  // admission_scopes.cpp
  Target& target(std::string_view provider, std::string_view key, std::string_view model, std::string_view profile);
  void start_adaptive(Target& target, std::string_view profile);
  int operator_cap(const Scope& scope) const;
  const ProviderLimits& limits_of(std::string_view provider) const;
  Scope& scope(Kind kind, std::string_view provider, std::string_view key, std::string_view name);
  void set_limits(Scope& scope);
  void place(Target& target);
  void hang(Lane& lane, const Target& target);
  void rebuild();
  void forget_idle();
  void retire(const std::vector<std::pair<std::string, ProviderLimits>>& providers);
  // admission_rename.cpp
  void move_target(Target& from, Target& to, const std::unordered_map<Scope*, bool>& windows_kept);
};

std::string scope_name(Kind kind, std::string_view provider, std::string_view key, std::string_view name);

}  // namespace siltgate::schedule
