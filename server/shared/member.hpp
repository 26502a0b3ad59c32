// SPDX-License-Identifier: Apache-2.0
// One instance's side of the caps shared through Redis (ledger.lua is the other side): which permits it holds and asks for, how
// long its lease surely lasts, what to do when Redis does not answer. Events and time in, commands and decisions out. No socket,
// no clock; times are those of lease_clock.hpp, the server's own are numbers of milliseconds.
//
// (1) The lease is one for all permits of the instance and is counted from before the request for it was sent.
// (2) Lease over while Redis was thought up (this process was paused), or Redis says so: every permit held is lost, at once.
// (3) Redis down and `local`: permits go on, and proposals are confirmed here; the owner sees to it that they are only a part.
//     Redis down and `refuse`: nothing is confirmed, and permits are lost when the lease is over.
// (4) Redis back: everything held is said first (join), then what is asked for is asked again. From the moment join is sent
//     nothing is confirmed here any more.
// (5) What the ledger granted before it sees a join is void: join takes back what it does not say, and asks anew.
// (6) The part for the next outage grows at once and shrinks only after a lease in which fewer were seen: who is late to come back
//     after an outage still counts, or a second outage would give its part to others while it goes on with it.
// (7) A connection that breaks is no outage of Redis yet: for one patience nothing is confirmed and nobody turned away, while
//     another is tried.
// (8) Who never was in the group waits outside while the others come back to a Redis that may have forgotten something: the names
//     of keys are the group's, and only who was in it can say what they were.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "schedule/admission.hpp"
#include "shared/resp.hpp"

namespace siltgate::shared {

using schedule::Ticket;

/// starting: no word from Redis yet, neither good nor bad.
enum class Mode { starting, shared, local, refusing };
std::string_view to_string(Mode mode);

struct MemberConfig {
  std::string id;               // of this process, unique
  std::string info;             // what others see of it
  std::string salt;             // offered for the names of keys; the first one offered by who was in the group, else by anybody, counts
  Duration lease{};
  bool refuse_when_down = false;

  /// How long an answer of Redis may take.
  Duration patience() const;
  /// How long everybody may take to come back after Redis did.
  Duration settle() const { return patience() * 2; }
};

struct Proposal {
  Ticket ticket = 0;
  schedule::SharedPath path;
  schedule::Class klass = schedule::Class::interactive;
  std::string session;          // equal for one session of this instance; "" = plain order of arrival
  Duration age{};               // a class passed over so long goes first
};

enum class Op { join, beat, enter, leave, hold, adapt, look, part, note };

/// What moves an automatic limit.
struct AutomaticEvent {
  std::string scope;
  int start = 1, most = 0, level = 0;
  std::int64_t started_ms = 0;
  bool served = false, pressed = false;
};

/// One call of the ledger.
struct Command {
  Op op = Op::beat;
  std::vector<std::string> words;       // after operation, instance, lease and epoch
  std::string epoch{};                  // of the group it is meant for
  int joins = 0;                        // of this instance, so far
  std::uint64_t number = 0;             // of the permit, for enter and leave
  std::vector<AutomaticEvent> events{}; // leave: one per scope asked about; adapt: the one
  TimePoint sent{};
};

struct InstanceRow {
  std::string id, info;
  int held = 0, asking = 0;
  Duration lease_left{};
};

/// What the owner has to do, in this order.
struct Effects {
  std::vector<Command> commands;
  std::vector<Ticket> lost;             // end these now
  bool mode_changed = false, part_changed = false;
  std::optional<std::string> salt;
  std::vector<std::pair<std::string, int>> limits;       // automatic limits of the group
  std::vector<std::pair<std::string, Duration>> holds;   // set by another instance
  std::vector<std::pair<std::string, std::string>> notes;  // name and text, "" = forgotten
  std::vector<Ticket> confirmed;
  bool outside = false;                 // (8), for settled_at()
  std::string drop;                     // the connection is of no use: why
};

class Member {
 public:
  explicit Member(MemberConfig config) : config_(std::move(config)) {}

  /// `run` names the life of the server, so that a restarted one is told from an old one.
  void connected(const std::string& run, TimePoint now);
  /// Redis is down: it said so or kept silent too long.
  void disconnected(TimePoint now);
  /// The connection is gone, or another one was not to be had.
  void interrupted(TimePoint now);
  void answered(const Command& command, const RespValue& answer, TimePoint now);
  /// A message on one of the channels.
  void heard(std::string_view channel, std::string_view text, TimePoint now);

  /// Again for the same ticket: the caps have changed, the place has not.
  void propose(Proposal proposal, TimePoint now);
  /// No longer wanted, or over. `keep_place`: the ticket will be proposed again, ahead of those that never started.
  void give_back(Ticket ticket, schedule::Ending ending, bool keep_place, TimePoint now);
  /// What these hold has further names now.
  void restate(const std::map<Ticket, schedule::SharedPath>& paths, TimePoint now);
  void hold(const std::string& scope, Duration time);
  /// Tells everybody and whoever comes later; "" takes it back.
  void note(const std::string& name, const std::string& text);
  void look();
  void part() { send(Op::part, {}); }

  /// Rule 2, whenever it matters: before something is sent to a provider.
  void check(TimePoint now);
  void tick(TimePoint now);
  /// When to tick next.
  TimePoint next() const;
  Effects take() { return std::exchange(effects_, {}); }

  Mode mode() const { return mode_; }
  int parts() const { return parts_; }
  int rank() const { return rank_; }
  /// Redis came back or is new, and nobody starts until then; outside the group: when to join.
  TimePoint settled_at() const { return settled_at_; }
  const std::vector<InstanceRow>& instances() const { return rows_; }
  const MemberConfig& config() const { return config_; }
  std::size_t asking() const { return asks_.size(); }
  std::size_t holding() const { return held_.size(); }
  std::uint64_t lost_count() const { return lost_; }

 private:
  struct Ask {
    std::uint64_t number = 0;
    Proposal proposal;
  };
  struct Held {
    std::uint64_t number = 0;
    schedule::SharedPath path;
    std::int64_t granted_ms = 0;
    std::vector<int> levels;
    bool lost = false;
  };

  Command& send(Op op, std::vector<std::string> words);
  void join(TimePoint now);
  void enter(const Ask& ask);
  void leave(const Held& held, schedule::Ending ending);
  void confirm(Ticket ticket, std::int64_t granted_ms, std::vector<int> levels);
  void confirm_all();
  void granted(std::string_view word);
  void lose_all();
  void change_mode(Mode mode);
  void set_part(const RespValue& parts, const RespValue& rank);
  void not_known(const Command& command, std::int64_t status, TimePoint now);
  void wait_outside(Duration time, TimePoint now);
  void after_join(const RespValue& answer, TimePoint now);
  void after_beat(const RespValue& answer);
  void after_leave(const Command& command, const RespValue& answer);
  void after_look(const RespValue& answer);
  void adapt(const AutomaticEvent& event, std::int64_t version, const std::string& state);
  std::string id_of(std::uint64_t number) const { return config_.id + ":" + std::to_string(number); }
  std::optional<Ticket> asked_as(std::uint64_t number) const;

  MemberConfig config_;
  Mode mode_ = Mode::starting;
  bool linked_ = false;      // there is a connection
  bool joining_ = false;     // join is sent and not answered
  bool join_again_ = false;  // what a join on its way says is out of date
  bool looking_ = false;
  bool known_ = false;       // was in the group, and has its salt
  std::string run_, epoch_;  // of the server; of the group
  TimePoint lease_until_ = TimePoint::max();
  TimePoint beat_at_ = TimePoint::max();  // outside the group: when to join
  TimePoint poke_at_ = TimePoint::max();
  TimePoint down_at_ = TimePoint::max();  // (7), until a join is answered
  TimePoint settled_at_{};
  int parts_ = 1, rank_ = 0;
  std::optional<TimePoint> fewer_since_;
  std::int64_t server_ms_ = 0;      // as of server_at_
  TimePoint server_at_{};
  TimePoint now_{};
  std::uint64_t last_number_ = 0;
  int joins_ = 0;
  std::uint64_t lost_ = 0;
  std::map<Ticket, Ask> asks_;
  std::map<Ticket, Held> held_;
  std::map<Ticket, std::int64_t> started_;          // first start of those that keep their place
  std::multimap<TimePoint, Held> resting_;          // returned, and resting
  std::vector<InstanceRow> rows_;
  Effects effects_;
};

}  // namespace siltgate::shared
