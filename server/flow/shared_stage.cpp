// SPDX-License-Identifier: Apache-2.0
#include "flow/shared_stage.hpp"

#include <vector>

#include "base/units.hpp"

namespace siltgate::flow {

using schedule::Ticket;
using State = shared::Mode;

SharedStage::SharedStage(schedule::Admission& admission, shared::Group& group, Turn turn)
    : admission_(admission), group_(group), turn_(std::move(turn)) {
  group_.owner.confirmed = [this](Ticket ticket) {
    auto guest = guests_.find(ticket);
    if (guest == guests_.end() || guest->second.state != Guest::State::proposed) return;
    guest->second.state = Guest::State::held;
    turn_.confirmed(ticket);
  };
  group_.owner.lost = [this](Ticket ticket) { lose(ticket); };
  group_.owner.mode_changed = [this] { mode_changed(); };
  group_.owner.part_changed = [this] {
    set_part();
    turn_.settle();
  };
  group_.owner.held = [this](const std::string& scope, Duration time) {
    admission_.hold_scope(scope, Clock::now() + time, Clock::now());
    turn_.settle();
  };
  group_.owner.limit = [this](const std::string& scope, int limit) {
    admission_.follow(scope, limit, Clock::now());
    turn_.settle();
  };
  set_part();
}

void SharedStage::configure(const schedule::QueueConfig& queue) {
  queue_ = queue;
  for (auto& [ticket, guest] : guests_)
    if (guest.state == Guest::State::proposed) offer(ticket, guest);
}

void SharedStage::renamed(std::string_view provider, std::string_view from, std::string_view to) {
  std::map<Ticket, schedule::SharedPath> running;
  std::vector<Ticket> asking;
  for (auto& [ticket, guest] : guests_) {
    if (guest.arrival.provider != provider || guest.arrival.key != from) continue;
    guest.arrival.key = to;
    if (guest.state == Guest::State::held) running.emplace(ticket, admission_.path_of(ticket));
    if (guest.state == Guest::State::proposed) asking.push_back(ticket);
  }
  group_.restate(running);
  for (Ticket ticket : asking)
    if (auto guest = guests_.find(ticket); guest != guests_.end() && guest->second.state == Guest::State::proposed) offer(ticket, guest->second);
}

void SharedStage::arrived(const schedule::Arrival& arrival, schedule::Answer answer, net::Watch& watch) {
  Guest& guest = guests_[arrival.ticket];
  guest.arrival = arrival;
  guest.watch = &watch;
  if (answer == schedule::Answer::granted) return propose(arrival.ticket);
  if (queue_.order == schedule::Order::fair) make_room(arrival);
}

void SharedStage::propose(Ticket ticket) {
  auto found = guests_.find(ticket);
  if (found == guests_.end()) return;
  found->second.state = Guest::State::proposed;
  offer(ticket, found->second);
}

void SharedStage::offer(Ticket ticket, Guest& guest) {
  const bool fifo = queue_.order == schedule::Order::fifo;
  shared::Proposal proposal;
  proposal.ticket = ticket;
  proposal.path = admission_.path_of(ticket);
  proposal.klass = fifo ? schedule::Class::interactive : guest.arrival.klass;
  proposal.session = fifo ? "" : "/" + std::to_string(std::hash<std::string>{}(guest.arrival.session));
  proposal.age = queue_.max_wait / 2;
  group_.propose(std::move(proposal));
}

/// Rule 2. The local scheduler decides anew between the two.
void SharedStage::make_room(const schedule::Arrival& urgent) {
  Ticket least = 0;
  for (auto& [ticket, guest] : guests_) {
    const schedule::Class klass = guest.arrival.klass;
    const bool yields = guest.state == Guest::State::proposed && !guest.started && klass > urgent.klass &&
                        (least == 0 || klass >= guests_.at(least).arrival.klass);
    if (yields && admission_.makes_room(ticket, urgent.ticket)) least = ticket;
  }
  if (least == 0) return;
  take_back(least, guests_.at(least));
  turn_.settle();
}

void SharedStage::take_back(Ticket ticket, Guest& guest) {
  guest.state = Guest::State::queued;
  group_.give_back(ticket, schedule::Ending::ignored, guest.started);
  admission_.take_back(ticket, guest.started, Clock::now());
}

void SharedStage::leave(Ticket ticket, bool used, schedule::Ending ending, Duration hold) {
  auto found = guests_.find(ticket);
  if (found == guests_.end()) return;
  Guest guest = std::move(found->second);
  guests_.erase(found);
  if (guest.lost) guest.watch->forget_lost_lease();
  group_.hold(admission_.path_of(ticket).quota, hold);
  if (guest.state != Guest::State::queued || guest.started) group_.give_back(ticket, ending, false);
  if (!used && guest.state != Guest::State::queued) admission_.take_back(ticket, guest.started, Clock::now());
}

void SharedStage::wait_again(Ticket ticket, schedule::Ending ending, Duration hold) {
  auto found = guests_.find(ticket);
  if (found == guests_.end()) return;
  Guest& guest = found->second;
  if (guest.lost) guest.watch->forget_lost_lease();
  guest.lost = false;
  guest.started = true;
  guest.state = Guest::State::queued;
  group_.hold(admission_.path_of(ticket).quota, hold);
  group_.give_back(ticket, ending, true);
}

void SharedStage::lose(Ticket ticket) {
  auto found = guests_.find(ticket);
  if (found == guests_.end()) return;
  found->second.lost = true;
  found->second.watch->raise(net::Wake::lease_lost);
}

bool SharedStage::lost(Ticket ticket) {
  group_.check();
  auto found = guests_.find(ticket);
  return found != guests_.end() && found->second.lost;
}

bool SharedStage::unconfirmed(Ticket ticket) const {
  auto found = guests_.find(ticket);
  return found != guests_.end() && found->second.state == Guest::State::proposed;
}

std::string SharedStage::why_refusing() const {
  return "Redis at " + group_.where() + ", which holds the shared caps, cannot be reached: " + group_.trouble();
}

void SharedStage::set_part() {
  schedule::GroupPart part;
  part.parts = group_.member().parts();
  part.rank = group_.member().rank();
  part.divide_caps = group_.mode() == State::local;
  part.automatic_elsewhere = group_.mode() != State::local || part.parts > 1;
  admission_.share(part, Clock::now());
}

/// Rule 3.
void SharedStage::mode_changed() {
  std::vector<Ticket> open;
  for (const auto& [ticket, guest] : guests_)
    if (guest.state == Guest::State::proposed) open.push_back(ticket);
  set_part();
  if (group_.mode() == State::refusing) return turn_.wake_all();
  for (auto ticket = open.rbegin(); ticket != open.rend(); ++ticket) {
    Guest& guest = guests_.at(*ticket);
    if (group_.mode() == State::local)
      take_back(*ticket, guest);
    else
      offer(*ticket, guest);
  }
  turn_.settle();
}

}  // namespace siltgate::flow
