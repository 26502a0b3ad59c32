// SPDX-License-Identifier: Apache-2.0
#include "shared/member.hpp"

#include <algorithm>

#include "shared/member_words.hpp"

namespace siltgate::shared {

std::string_view to_string(Mode mode) {
  constexpr std::string_view names[] = {"starting", "shared", "local", "refusing"};
  return names[static_cast<int>(mode)];
}

Duration MemberConfig::patience() const {
  using namespace std::chrono_literals;
  return std::clamp<Duration>(lease / 6, 250ms, 2s);
}

// ---- the connection

void Member::connected(const std::string& run, TimePoint now) {
  now_ = now;
  check(now);
  linked_ = true;
  run_ = run;
  join(now);
}

void Member::disconnected(TimePoint now) {
  now_ = now;
  check(now);
  const bool still_local = mode_ == Mode::local && joining_;
  linked_ = joining_ = looking_ = false;
  beat_at_ = poke_at_ = down_at_ = TimePoint::max();
  if (still_local) confirm_all();  // asked for while the answer to join was awaited
  change_mode(config_.refuse_when_down ? Mode::refusing : Mode::local);
}

void Member::interrupted(TimePoint now) {  // (7)
  if (mode_ != Mode::shared || down_at_ <= now) return disconnected(now);
  now_ = now;
  check(now);
  linked_ = joining_ = looking_ = false;
  beat_at_ = poke_at_ = TimePoint::max();
  down_at_ = std::min(down_at_, now + config_.patience());
}

void Member::change_mode(Mode mode) {
  effects_.mode_changed = effects_.mode_changed || mode != mode_;
  mode_ = mode;
}

Command& Member::send(Op op, std::vector<std::string> words) {
  return effects_.commands.emplace_back(Command{op, std::move(words), op == Op::join ? "" : epoch_, joins_});
}

void Member::join(TimePoint now) {
  joining_ = true;
  join_again_ = false;
  ++joins_;
  beat_at_ = now + config_.lease / 3;
  poke_at_ = TimePoint::max();
  std::vector<std::string> words{milliseconds_text(config_.settle()), run_, config_.salt, known_ ? "1" : "", config_.info};
  const auto add = [&](const Held& held) {
    if (held.lost || held.path.caps.empty()) return;
    words.push_back(id_of(held.number));
    words.push_back(scope_list(held.path));
  };
  for (const auto& [ticket, held] : held_) add(held);
  for (const auto& [at, held] : resting_) add(held);
  send(Op::join, std::move(words));
}

// ---- permits

void Member::propose(Proposal proposal, TimePoint now) {
  now_ = now;
  Ask& ask = asks_[proposal.ticket];
  if (ask.number == 0) ask.number = ++last_number_;
  ask.proposal = std::move(proposal);
  if (mode_ == Mode::local && !joining_) return confirm(ask.proposal.ticket, 0, {});  // (3)
  if (mode_ != Mode::shared || !linked_ || joining_) return;  // (4), (7)
  if (ask.proposal.path.caps.empty()) return confirm(ask.proposal.ticket, 0, {});
  enter(ask);
}

void Member::enter(const Ask& ask) {
  const Proposal& p = ask.proposal;
  const auto first = started_.find(p.ticket);
  std::vector<std::string> words{id_of(ask.number), std::to_string(static_cast<int>(p.klass)),
                                 p.session.empty() ? "-" : config_.id + p.session,
                                 first == started_.end() ? "" : std::to_string(first->second), milliseconds_text(p.age)};
  for (const auto& cap : p.path.caps) {
    words.push_back(cap.scope);
    words.push_back((cap.automatic ? "a" : "") + std::to_string(cap.cap));
  }
  for (const auto& scope : p.path.holds) words.insert(words.end(), {scope, "0"});
  send(Op::enter, std::move(words)).number = ask.number;
}

void Member::confirm(Ticket ticket, std::int64_t granted_ms, std::vector<int> levels) {
  auto asked = asks_.extract(ticket);
  Held& held = held_[ticket];
  held = Held{asked.mapped().number, std::move(asked.mapped().proposal.path), granted_ms, std::move(levels), false};
  if (granted_ms > 0) started_.try_emplace(ticket, granted_ms);
  effects_.confirmed.push_back(ticket);
}

void Member::confirm_all() {
  while (!asks_.empty()) confirm(asks_.begin()->first, 0, {});
}

void Member::give_back(Ticket ticket, schedule::Ending ending, bool keep_place, TimePoint now) {
  now_ = now;
  if (auto asked = asks_.extract(ticket); !asked.empty()) {
    if (linked_) send(Op::leave, {id_of(asked.mapped().number)});
  } else if (auto node = held_.extract(ticket); !node.empty() && !node.mapped().lost) {
    Held& held = node.mapped();
    if (held.path.rest > Duration{0})
      resting_.emplace(now + held.path.rest, std::move(held));
    else
      leave(held, ending);
  }
  if (!keep_place) started_.erase(ticket);
}

void Member::leave(const Held& held, schedule::Ending ending) {
  if (!linked_ || held.path.caps.empty()) return;
  const bool served = ending == schedule::Ending::served;
  std::vector<std::string> words{id_of(held.number)};
  std::vector<AutomaticEvent> events;
  for (std::size_t i = 0; i < held.path.caps.size() && i < held.levels.size(); ++i) {
    const auto& cap = held.path.caps[i];
    if (!cap.automatic || (!served && ending != schedule::Ending::refused_concurrency)) continue;
    words.push_back(cap.scope);
    events.push_back({cap.scope, cap.cap, cap.most, held.levels[i], held.granted_ms, served, false});
  }
  send(Op::leave, std::move(words)).events = std::move(events);
}

/// Join says all that is held. The old names are kept beside the new ones: others may not have heard of these yet.
void Member::restate(const std::map<Ticket, schedule::SharedPath>& paths, TimePoint now) {
  now_ = now;
  bool changed = false;
  for (const auto& [ticket, path] : paths) {
    const auto found = held_.find(ticket);
    if (found == held_.end() || found->second.lost) continue;
    auto& caps = found->second.path.caps;
    for (const auto& cap : path.caps) {
      if (std::any_of(caps.begin(), caps.end(), [&](const auto& one) { return one.scope == cap.scope; })) continue;
      caps.push_back(cap);
      changed = true;
    }
  }
  if (!changed || !linked_) return;
  if (joining_) join_again_ = true;
  else if (mode_ == Mode::shared) join(now);
}

void Member::hold(const std::string& scope, Duration time) {
  if (linked_ && time > Duration{0}) send(Op::hold, {scope, milliseconds_text(time)});
}

void Member::note(const std::string& name, const std::string& text) {
  if (linked_) send(Op::note, {name, text});
}

void Member::look() {
  if (mode_ != Mode::shared || !linked_ || std::exchange(looking_, true)) return;
  send(Op::look, {});
}

void Member::lose_all() {  // (2)
  for (auto& [ticket, held] : held_) {
    if (held.lost || held.path.caps.empty()) continue;
    held.lost = true;
    ++lost_;
    effects_.lost.push_back(ticket);
  }
  resting_.clear();
}

// ---- time

void Member::check(TimePoint now) {
  now_ = std::max(now_, now);
  if (now < lease_until_) return;
  lease_until_ = TimePoint::max();
  if (mode_ == Mode::local) return;  // (3)
  lose_all();
  if (linked_ && !joining_ && mode_ == Mode::shared) join(now);
}

void Member::tick(TimePoint now) {
  now_ = now;
  check(now);
  while (!resting_.empty() && resting_.begin()->first <= now) {
    leave(resting_.begin()->second, schedule::Ending::ignored);
    resting_.erase(resting_.begin());
  }
  if (!linked_ && down_at_ <= now) return disconnected(now);  // (7)
  const bool poke = poke_at_ <= now && !asks_.empty();
  if (!linked_ || joining_ || (beat_at_ > now && !poke)) return;
  if (mode_ != Mode::shared) return join(now);  // (8)
  beat_at_ = now + config_.lease / 3;
  poke_at_ = TimePoint::max();
  send(Op::beat, {});
}

TimePoint Member::next() const {
  TimePoint at = std::min(beat_at_, lease_until_);
  if (!linked_) at = std::min(at, down_at_);
  if (!asks_.empty()) at = std::min(at, poke_at_);
  if (!resting_.empty()) at = std::min(at, resting_.begin()->first);
  return at;
}

}  // namespace siltgate::shared
