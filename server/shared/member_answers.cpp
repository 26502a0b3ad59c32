// SPDX-License-Identifier: Apache-2.0
// What Member makes of the ledger's answers and messages.
#include <algorithm>
#include <charconv>
#include <set>

#include "schedule/adaptive_limit.hpp"
#include "shared/member.hpp"
#include "shared/member_words.hpp"

namespace siltgate::shared {
namespace {

using Kind = RespValue::Kind;

std::int64_t number_in(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

TimePoint server_time(std::int64_t ms) { return TimePoint(std::chrono::milliseconds(ms)); }

}  // namespace

void Member::answered(const Command& command, const RespValue& answer, TimePoint now) {
  now_ = now;
  if (command.op == Op::look) looking_ = false;
  if (answer.kind != Kind::list || answer.items.size() < 2) {
    effects_.drop = answer.is_error() ? answer.text : "an answer of Redis is not what the ledger gives";
    return;
  }
  server_ms_ = answer.at(1).as_number();
  server_at_ = now;
  const auto status = answer.at(0).as_number();
  if (status == -3) return wait_outside(std::chrono::milliseconds(answer.at(2).as_number()), now);
  if (status < 1) return not_known(command, status, now);
  if (command.op == Op::join || command.op == Op::beat) {
    const TimePoint until = command.sent + config_.lease * 19 / 20;  // (1), and a clock that runs a little slow
    lease_until_ = lease_until_ == TimePoint::max() ? until : std::max(lease_until_, until);
  }
  const auto again = answer.at(2).as_number();
  poke_at_ = again < 0 ? TimePoint::max() : now + std::chrono::milliseconds(again + std::min(rank_, 25) * 2);
  if (command.op == Op::join) after_join(answer, now);
  for (const RespValue& word : answer.at(3).items) granted(word.text);
  if (command.op == Op::beat && !joining_) after_beat(answer);  // (5)
  if (command.op == Op::leave) after_leave(command, answer);
  if (command.op == Op::look) after_look(answer);
  if (command.op == Op::enter)
    for (std::size_t i = 4; i < answer.items.size(); ++i)
      effects_.limits.emplace_back(answer.at(i).at(0).text, static_cast<int>(answer.at(i).at(1).as_number()));
  if (command.op == Op::adapt && !command.events.empty()) {
    const auto& event = command.events.front();
    if (answer.at(4).as_number() == 0) adapt(event, answer.at(5).as_number(), answer.at(6).text);
  }
}

void Member::not_known(const Command& command, std::int64_t status, TimePoint now) {
  if (joining_) return;  // sent before join was, which says all there is to say
  if (command.epoch != epoch_) {  // meant for the group as it was: what is given back is given back to this one
    if (command.op == Op::leave) send(Op::leave, {command.words.front()});
    return;
  }
  if (status == -2) lose_all();
  join(now);
}

void Member::wait_outside(Duration time, TimePoint now) {  // (8)
  joining_ = false;
  settled_at_ = beat_at_ = now + time;
  effects_.outside = true;
  if (mode_ == Mode::local) confirm_all();
}

void Member::after_join(const RespValue& answer, TimePoint now) {
  joining_ = false;
  known_ = true;
  down_at_ = TimePoint::max();
  effects_.salt = config_.salt = answer.at(4).text;  // offered again to a Redis that forgot it: other names would be other caps
  settled_at_ = now + std::chrono::milliseconds(answer.at(7).as_number());
  fewer_since_.reset();
  set_part(answer.at(5), answer.at(6));
  epoch_ = answer.at(8).text;
  change_mode(Mode::shared);
  beat_at_ = std::min(beat_at_, now + config_.lease / 3);
  for (std::size_t i = 0; i + 1 < answer.at(9).items.size(); i += 2)
    effects_.notes.emplace_back(answer.at(9).at(i).text, answer.at(9).at(i + 1).text);
  std::vector<Ticket> free;
  for (const auto& [ticket, ask] : asks_) {
    if (ask.proposal.path.caps.empty())
      free.push_back(ticket);
    else
      enter(ask);
  }
  for (Ticket ticket : free) confirm(ticket, 0, {});
  look();
  if (join_again_) join(now);
}

void Member::set_part(const RespValue& parts, const RespValue& rank) {
  const int p = std::max(1, static_cast<int>(parts.as_number())), r = static_cast<int>(rank.as_number());
  if (p >= parts_) fewer_since_.reset();
  else if (!fewer_since_) fewer_since_ = now_;
  if (fewer_since_ && now_ - *fewer_since_ < config_.lease) return;  // (6)
  effects_.part_changed = effects_.part_changed || p != parts_ || r != rank_;
  parts_ = p;
  rank_ = r;
}

/// The ledger's list of this instance's permits against our own: messages that went astray leave no trace.
void Member::after_beat(const RespValue& answer) {
  set_part(answer.at(4), answer.at(5));
  std::set<std::uint64_t> theirs;
  for (const RespValue& id : answer.at(6).items) {
    const auto colon = id.text.find(':');
    theirs.insert(static_cast<std::uint64_t>(number_in(std::string_view(id.text).substr(std::min(colon, id.text.size() - 1) + 1))));
  }
  for (auto& [ticket, held] : held_) {
    if (theirs.erase(held.number) > 0 || held.lost || held.path.caps.empty()) continue;
    held.lost = true;
    ++lost_;
    effects_.lost.push_back(ticket);
  }
  for (const auto& [at, held] : resting_) theirs.erase(held.number);
  for (std::uint64_t number : theirs) {
    if (const auto ticket = asked_as(number))
      confirm(*ticket, server_ms_, {});
    else
      send(Op::leave, {id_of(number)});
  }
  if (parts_ <= 20) look();
}

std::optional<Ticket> Member::asked_as(std::uint64_t number) const {
  for (const auto& [ticket, ask] : asks_)
    if (ask.number == number) return ticket;
  return {};
}

/// "number, server ms, level at each scope"
void Member::granted(std::string_view word) {
  const auto parts = split_list(word);
  if (parts.size() < 2 || joining_) return;  // (5)
  const auto ticket = asked_as(static_cast<std::uint64_t>(number_in(parts[0])));
  if (!ticket) return;  // withdrawn meanwhile; its leave is on the way
  std::vector<int> levels;
  for (std::size_t i = 2; i < parts.size(); ++i) levels.push_back(static_cast<int>(number_in(parts[i])));
  confirm(*ticket, number_in(parts[1]), std::move(levels));
}

void Member::heard(std::string_view channel, std::string_view text, TimePoint now) {
  now_ = now;
  if (channel.ends_with("to:" + config_.id)) return granted(text);
  const auto parts = split_list(text);
  if (parts.size() != 4 || parts[1] == config_.id) return;
  if (parts[0] == "beat" && mode_ == Mode::shared && !joining_) beat_at_ = now;
  if (parts[0] == "hold") effects_.holds.emplace_back(parts[2], std::chrono::milliseconds(number_in(parts[3])));
  if (parts[0] == "note") effects_.notes.emplace_back(parts[2], parts[3]);
  if (parts[0] == "limit") effects_.limits.emplace_back(parts[2], static_cast<int>(number_in(parts[3])));
}

void Member::after_leave(const Command& command, const RespValue& answer) {
  for (std::size_t i = 0; i < command.events.size(); ++i) {
    const RespValue& row = answer.at(4 + i);
    AutomaticEvent event = command.events[i];
    schedule::AdaptiveLimit limit(event.start, event.most);
    limit.carry_on(row.at(4).text);
    if (!event.served) event.level = std::max(event.level, static_cast<int>(row.at(1).as_number()));
    event.pressed = row.at(1).as_number() >= limit.limit() && row.at(2).as_number() > 0;
    adapt(event, row.at(3).as_number(), row.at(4).text);
  }
}

/// The limit is moved here, by the same rules as a limit of one instance, and written back if nobody was faster.
void Member::adapt(const AutomaticEvent& event, std::int64_t version, const std::string& state) {
  schedule::AdaptiveLimit limit(event.start, event.most);
  limit.carry_on(state);
  const TimePoint now = server_time(server_ms_) + (now_ - server_at_);
  if (event.served)
    limit.served(event.level, server_time(event.started_ms), event.pressed, now);
  else
    limit.refused(event.level, server_time(event.started_ms), now);
  effects_.limits.emplace_back(event.scope, limit.limit());
  if (const std::string next = limit.carried(); next != state)
    send(Op::adapt, {event.scope, std::to_string(version), std::to_string(limit.limit()), next}).events = {event};
}

void Member::after_look(const RespValue& answer) {
  rows_.clear();
  for (std::size_t i = 4; i < answer.items.size(); ++i) {
    const RespValue& row = answer.at(i);
    rows_.push_back({row.at(0).text, row.at(1).text, static_cast<int>(row.at(2).as_number()), static_cast<int>(row.at(3).as_number()),
                     std::chrono::milliseconds(row.at(4).as_number())});
  }
}

}  // namespace siltgate::shared
