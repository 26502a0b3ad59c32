// SPDX-License-Identifier: Apache-2.0
// The second stage of admission where several instances share their caps: what the local scheduler grants is proposed to the group,
// and starts when the group agrees. Knows tickets and the two schedulers, no exchange.
//
// (1) The local scheduler keeps its order and its caps, so that no more is proposed than could start if this instance were alone.
// (2) A more urgent request that must wait because proposals hold what it needs here takes the place of the least urgent of them.
// (3) Redis down, `local`: proposals not confirmed go back to their places and the local scheduler decides alone, on this instance's
//     part of the caps. `refuse`: whoever waits is turned away.
// (4) Holds and automatic limits are the group's: what one instance learns slows all.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "net/watch.hpp"
#include "schedule/admission.hpp"
#include "shared/group.hpp"

namespace siltgate::flow {

class SharedStage {
 public:
  /// What it asks of the Turnstile.
  struct Turn {
    std::function<void(schedule::Ticket)> confirmed;
    std::function<void()> settle, wake_all;
  };
  SharedStage(schedule::Admission& admission, shared::Group& group, Turn turn);

  /// Order and ageing of the queue; what waits is proposed again with the caps now in force.
  void configure(const schedule::QueueConfig& queue);
  /// After Admission::rename_key(): what runs is held and what waits is asked for under the new name.
  void renamed(std::string_view provider, std::string_view from, std::string_view to);
  /// The watch must live until leave().
  void arrived(const schedule::Arrival& arrival, schedule::Answer answer, net::Watch& watch);
  void propose(schedule::Ticket ticket);
  /// Before the local scheduler forgets the ticket; `used` = its grant was taken, `hold` is for everybody on its quota.
  void leave(schedule::Ticket ticket, bool used, schedule::Ending ending, Duration hold);
  /// Before the local scheduler lets it wait again; `hold` is for everybody on its quota.
  void wait_again(schedule::Ticket ticket, schedule::Ending ending, Duration hold);
  bool lost(schedule::Ticket ticket);
  void hold(const std::string& scope, Duration time) { group_.hold(scope, time); }
  /// Something for the other instances that the scheduler does not know: pace.cpp says what.
  void note(const std::string& name, const std::string& text) { group_.note(name, text); }

  bool refusing() const { return group_.mode() == shared::Mode::refusing; }
  std::string why_refusing() const;
  /// Granted here and not yet by the group: it waits, whatever the local scheduler says.
  bool unconfirmed(schedule::Ticket ticket) const;

 private:
  struct Guest {
    schedule::Arrival arrival;
    net::Watch* watch = nullptr;
    enum class State { queued, proposed, held } state = State::queued;
    bool started = false;  // held before: it keeps its place
    bool lost = false;
  };
  void offer(schedule::Ticket ticket, Guest& guest);
  void make_room(const schedule::Arrival& urgent);
  void take_back(schedule::Ticket ticket, Guest& guest);
  void mode_changed();
  void set_part();
  void lose(schedule::Ticket ticket);

  schedule::Admission& admission_;
  shared::Group& group_;
  Turn turn_;
  schedule::QueueConfig queue_;
  std::map<schedule::Ticket, Guest> guests_;
};

}  // namespace siltgate::flow
