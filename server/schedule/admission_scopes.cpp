// SPDX-License-Identifier: Apache-2.0
// How names and limits become scopes, lanes and the tree over them:
// (1) The quota ("unit") of a request is its key under `per: key`, else the group its model is in, else its key+model.
// (2) The unit's cap is `concurrency`, unless the group, key or model there has a number of its own.
// (3) keys[k] caps the key, models[m] the key+model, groups[g] the models of the group together, wherever the unit is.
//     A model in two groups belongs to the first by name.
// (4) A lane hangs at the narrowest scope that is the unit or has a cap of its own; requests of a lane share every limit.
// (5) Per-minute windows sit at the unit, start_interval at the key.
// (6) After a reload, a hold on something narrower than a lane holds the lane.
// (7) A cap the operator set at run time goes before every other number of its scope, until a reload.
// (8) A provider that a reload takes away keeps its last limits: for what runs and waits, and for requests that were being read
//     when it went. Of more than 64 such, those are forgotten for which nothing runs or waits.
#include <algorithm>
#include <unordered_set>

#include "schedule/admission_state.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::schedule {

namespace {

const std::string* group_of(const ProviderLimits& limits, std::string_view model) {
  for (const auto& [name, group] : limits.groups)
    if (std::find(group.models.begin(), group.models.end(), model) != group.models.end()) return &name;
  return nullptr;
}

const Concurrency* own_number(const std::map<std::string, Concurrency>& table, const std::string& name) {
  const auto found = table.find(name);
  return found == table.end() || found->second.mode == Concurrency::Mode::unset ? nullptr : &found->second;
}

/// Model names come from clients, but what separates names (here, and the scopes in lists of the shared ledger) does not.
void append_name(std::string& text, std::string_view name) {
  constexpr std::string_view special = "\x1d\x1e\x1f";
  for (auto at = name.find_first_of(special); at != name.npos; at = name.find_first_of(special)) {
    text += name.substr(0, at);
    text += '\x1d';
    text += static_cast<char>(name[at] + 0x20);
    name.remove_prefix(at + 1);
  }
  text += name;
}

}  // namespace

std::string scope_name(Kind kind, std::string_view provider, std::string_view key, std::string_view name) {
  std::string text(1, "tpkgm"[static_cast<int>(kind)]);
  for (auto part : {provider, key, name}) {
    text += '\x1f';
    append_name(text, part);
  }
  return text;
}

Admission::State::State() {
  root = &scope(Kind::total, "", "", "");
  rebuild();
}

const ProviderLimits& Admission::State::limits_of(std::string_view provider) const {
  static const ProviderLimits none;
  const auto found = limits.find(std::string(provider));
  return found == limits.end() ? none : found->second;
}

int Admission::State::operator_cap(const Scope& s) const {
  const auto found = operator_caps.find(scope_name(s.kind, s.provider, s.key, s.name));
  return found == operator_caps.end() ? 0 : found->second;
}

Scope& Admission::State::scope(Kind kind, std::string_view provider, std::string_view key, std::string_view name) {
  auto& slot = scopes[scope_name(kind, provider, key, name)];
  if (!slot) {
    slot = std::make_unique<Scope>(kind, provider, key, name);
    if (kind != Kind::total) set_limits(*slot);
  }
  return *slot;
}

void Admission::State::set_limits(Scope& s) {
  const ProviderLimits& l = limits_of(s.provider);
  const bool unit = s.kind == (l.per == Per::key ? Kind::key : Kind::model) ||
                    (l.per == Per::key_model && s.kind == Kind::group);
  const Concurrency* number = nullptr;
  if (s.kind == Kind::key) number = own_number(l.keys, s.key);
  if (s.kind == Kind::model) number = own_number(l.models, s.name);
  if (s.kind == Kind::group) {
    const auto group = l.groups.find(s.name);
    if (group != l.groups.end() && group->second.concurrency.mode != Concurrency::Mode::unset)
      number = &group->second.concurrency;
  }
  const bool grouped = s.kind == Kind::model && group_of(l, s.name);
  if (!number && unit && !grouped) number = &l.concurrency;  // (2)
  const Concurrency by_operator{Concurrency::Mode::fixed, operator_cap(s), 0, false};
  if (by_operator.count > 0) number = &by_operator;  // (7)
  s.cap = 0;
  if (s.kind == Kind::total) s.cap = total;
  if (s.kind == Kind::provider) s.cap = l.total;
  if (number && number->mode == Concurrency::Mode::fixed) s.cap = std::max(1, number->count);
  if (number && number->mode == Concurrency::Mode::automatic) {
    if (!s.adaptive) {
      s.adaptive.emplace(std::max(1, number->count));
      s.adaptive_started = number->count > 0;
      const auto learned = imported.find(scope_name(s.kind, s.provider, s.key, s.name));
      if (learned != imported.end()) {
        s.adaptive->restore(learned->second, now);
        s.adaptive_started = true;
      }
    }
    s.adaptive->set_most(number->most);
    s.cap = limit_of(s);
  } else {
    if (by_operator.count > 0 && s.adaptive) imported[scope_name(s.kind, s.provider, s.key, s.name)] = s.adaptive->memory();
    s.adaptive.reset();
  }
  s.cap_from = by_operator.count > 0 ? CapFrom::operator_
               : s.cap == 0          ? CapFrom::nobody
               : s.adaptive          ? CapFrom::automatic
               : number && number->by_profile ? CapFrom::profile : CapFrom::settings;
  if (part.divide_caps) s.cap = static_cast<int>(part_of(s.cap));
  s.start_interval = s.kind == Kind::key ? l.start_interval * part.parts : Duration{0};  // (5)
  s.end_rests(now);  // by the old delay: a longer one brings nobody back
  s.release_delay = s.kind == Kind::total ? Duration{0} : l.release_delay;
  s.requests.set_limit(unit && !grouped ? part_of(l.requests_per_minute) : 0);
  s.tokens.set_limit(unit && !grouped ? part_of(l.tokens_per_minute) : 0);
  s.limited = s.kind == Kind::total || s.cap > 0 || s.start_interval > Duration{0} || s.requests.limited() ||
              s.tokens.limited();
}

/// Finds the path, the unit and the lane of a target by the limits in force.
void Admission::State::place(Target& t) {
  const ProviderLimits& l = limits_of(t.provider);
  const std::string* group = group_of(l, t.model);
  Scope& provider = scope(Kind::provider, t.provider, "", "");
  Scope& key = scope(Kind::key, t.provider, t.key, "");
  Scope* in_group = group ? &scope(Kind::group, t.provider, t.key, *group) : nullptr;
  Scope& model = scope(Kind::model, t.provider, t.key, t.model);
  t.path = {root, &provider, &key, in_group, &model};
  Scope* wider = nullptr;
  for (Scope* s : t.path)
    if (s) s->parent = wider, wider = s;
  Scope* unit = l.per == Per::key ? &key : in_group ? in_group : &model;  // (1)
  if (t.unit && t.unit != unit) {
    // Entries made in the old quota's windows mean nothing in the new one's.
    waiters.each([&](Waiter& w) {
      if (w.target == &t) w.request_entry = w.token_entry = 0;
    });
  }
  t.unit = unit;
  Scope* leaf = model.limited || unit == &model ? &model  // (4)
                : in_group && (in_group->limited || unit == in_group) ? in_group
                                                                       : &key;
  for (Scope* s = &model; s != leaf; s = s->parent) {  // (6)
    leaf->held_until = std::max(leaf->held_until, s->held_until);
    s->held_until = TimePoint{};
  }
  if (!leaf->lane) leaf->lane = std::make_unique<Lane>(leaf, sessions);
  t.lane = leaf->lane.get();
}

/// Ties the lane of `target` to the tree, once.
void Admission::State::hang(Lane& lane, const Target& target) {
  const auto known = [&](const Scope& s) {
    return std::find(s.beneath.begin(), s.beneath.end(), &lane) != s.beneath.end();
  };
  if (known(*lane.leaf)) return;
  Child* child = &lane;
  bool reached = false;  // scopes below the leaf only count
  for (int i = path_length - 1; i >= 0; --i) {
    Scope* s = target.path[i];
    if (!s) continue;
    reached = reached || s == lane.leaf;
    if (!reached) continue;
    s->beneath.push_back(&lane);
    if (!s->limited || !child) continue;
    const bool tied = child->above != nullptr;
    if (!tied) {
      child->above = s;
      ++s->children;
    }
    child = tied ? nullptr : s;
  }
}

Target& Admission::State::target(std::string_view provider, std::string_view key, std::string_view model,
                                 std::string_view profile) {
  const bool again = latest && latest->model == model && latest->key == key && latest->provider == provider;
  if (!again) {
    auto& slot = targets[scope_name(Kind::model, provider, key, model)];
    if (!slot) {
      slot = std::make_unique<Target>(provider, key, model);
      place(*slot);
      hang(*slot->lane, *slot);
    }
    latest = slot.get();
  }
  if (!profile.empty()) start_adaptive(*latest, profile);
  return *latest;
}

/// Rule 1 of adaptive_limit.hpp: the profile is known only when the first request names it.
void Admission::State::start_adaptive(Target& t, std::string_view profile) {
  for (Scope* s : t.path) {
    if (!s || !s->adaptive || s->adaptive_started) continue;
    s->adaptive->restore({initial_concurrency(profile), 0, 0}, now);
    s->adaptive_started = true;
    s->cap = part.divide_caps ? static_cast<int>(part_of(limit_of(*s))) : limit_of(*s);
  }
}

/// Builds the tree anew from the limits in force; nobody is forgotten. Linear in everything.
void Admission::State::rebuild() {
  std::vector<Waiter*> line;
  waiters.each([&](Waiter& w) {
    if (w.where != Waiter::Where::running) line.push_back(&w);
  });
  std::sort(line.begin(), line.end(), [](auto* a, auto* b) { return a->arrived_order < b->arrived_order; });
  for (auto& [name, s] : scopes)
    if (s->lane) s->lane->queue.drain([](Waiter&) {});
  const auto untie = [this](Child& child) {
    set_alarm(child, std::nullopt);
    child.above = nullptr;
    child.candidate = nullptr;
    child.listed = -1;
  };
  for (auto& [name, s] : scopes) {
    untie(*s);
    if (s->lane) untie(*s->lane);
    s->running = s->waiting = s->children = 0;
    s->beneath.clear();
    for (auto& list : s->ready) list.clear();
    set_limits(*s);
  }
  for (auto& [name, t] : targets) {
    t->parked.clear();
    set_alarm(*t, std::nullopt);
    place(*t);
  }
  for (auto& [name, t] : targets) hang(*t->lane, *t);
  waiters.each([](Waiter& w) {
    if (w.where == Waiter::Where::running)
      for (Scope* s : w.target->path)
        if (s) ++s->running;
  });
  waiting = 0;
  const bool fifo = queue.order == Order::fifo;
  for (Waiter* waiter : line) {
    waiter->queue_as(fifo);
    enqueue(*waiter, waiter->granted_order != 0);
  }
  for (Lane* lane : root->beneath) refresh(*lane);
}

/// Keeps names that come once and never again from piling up.
void Admission::State::forget_idle() {
  latest = nullptr;
  std::erase_if(targets, [this](auto& entry) {
    Target& t = *entry.second;
    const bool idle = t.users == 0 && t.circuit.streak() == 0 && t.unit->held_until <= now;
    if (idle) set_alarm(t, std::nullopt);
    return idle;
  });
  rebuild();
  std::unordered_set<const Scope*> used{root};
  for (auto& [name, t] : targets) used.insert(t->path.begin(), t->path.end());
  std::erase_if(scopes, [&](auto& entry) {
    Scope& s = *entry.second;
    const bool idle = !used.contains(&s) && s.held_until <= now && s.rests.empty();
    if (idle) {
      set_alarm(s, std::nullopt);
      if (s.lane) set_alarm(*s.lane, std::nullopt);
    }
    return idle;
  });
  crowded = std::max<std::size_t>(1024, targets.size() * 2);
}

/// (8) Leaves in `limits` only providers that are no longer configured and still needed.
void Admission::State::retire(const std::vector<std::pair<std::string, ProviderLimits>>& providers) {
  std::unordered_set<std::string> busy;
  for (const auto& [name, t] : targets)
    if (t->users > 0) busy.insert(t->provider);
  for (const auto& [name, old] : limits) retired.insert(name);
  for (const auto& [name, limits_now] : providers) retired.erase(name);
  const auto idle = [&](const std::string& name) { return retired.size() > 64 && !busy.contains(name); };
  for (auto it = retired.begin(); it != retired.end();) it = idle(*it) ? retired.erase(it) : std::next(it);
  std::erase_if(limits, [this](const auto& entry) { return !retired.contains(entry.first); });
}

void Admission::configure(const std::vector<std::pair<std::string, ProviderLimits>>& providers, int total,
                          const QueueConfig& queue, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  s.retire(providers);
  for (const auto& [name, limits] : providers) s.limits[name] = limits;
  s.total = total;
  s.queue = queue;
  s.operator_caps.clear();
  s.rebuild();
  s.settle();
}

bool Admission::set_cap(std::string_view provider, std::string_view key, std::string_view model, int cap, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  const auto row = std::find_if(s.targets.begin(), s.targets.end(), [&](const auto& entry) {
    const Scope& leaf = *entry.second->lane->leaf;
    return leaf.provider == provider && leaf.key == key && leaf.name == model;
  });
  if (row == s.targets.end()) return false;
  const Scope& leaf = *row->second->lane->leaf;
  s.operator_caps[scope_name(leaf.kind, leaf.provider, leaf.key, leaf.name)] = std::max(0, cap);
  s.rebuild();
  s.settle();
  return true;
}

std::vector<LearnedLimit> Admission::export_state() const {
  std::vector<LearnedLimit> learned;
  for (const auto& [name, s] : state_->scopes) {
    if (!s->adaptive || !s->adaptive_started) continue;
    const AdaptiveMemory memory = s->adaptive->memory();
    learned.push_back({name, memory.limit, memory.refused_level, memory.doublings});
  }
  std::sort(learned.begin(), learned.end(), [](auto& a, auto& b) { return a.scope < b.scope; });
  return learned;
}

void Admission::import_state(const std::vector<LearnedLimit>& learned, TimePoint now) {
  State& s = *state_;
  s.advance(now);
  for (const auto& one : learned) {
    const AdaptiveMemory memory{one.limit, one.refused_level, one.doublings};
    s.imported[one.scope] = memory;
    const auto found = s.scopes.find(one.scope);
    if (found == s.scopes.end() || !found->second->adaptive) continue;
    found->second->adaptive->restore(memory, s.now);
    found->second->adaptive_started = true;
  }
  s.rebuild();
  s.settle();
}

}  // namespace siltgate::schedule
