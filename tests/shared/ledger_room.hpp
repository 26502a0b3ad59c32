// SPDX-License-Identifier: Apache-2.0
// Several members of one group on a real Redis, with clocks of the test's own.
#pragma once

#include <list>
#include <set>

#include "support/catch.hpp"
#include "support/ledger_driver.hpp"
#include "support/running_redis.hpp"

namespace siltgate::test {

using namespace siltgate::shared;
using namespace std::chrono_literals;
using schedule::Class;
using schedule::Ending;

/// Members of one group; `time` is true time, each member's clock runs at its own offset and pace.
struct Room {
  struct One {
    std::unique_ptr<Member> member;
    Duration offset{};
    double pace = 1;
    std::vector<Ticket> confirmed, lost;
  };

  RunningRedis redis;
  LedgerDriver driver{redis.socket(), "t:", true};
  Duration time = 1h, redis_ahead{}, lease = 12s;
  std::list<One> ones;

  One& add(const std::string& id, Duration offset = {}, double pace = 1, bool join = true) {
    One& one = ones.emplace_back();
    MemberConfig config;
    config.id = id;
    config.info = "{}";
    config.salt = "salt of " + id;
    config.lease = lease;
    one.member = std::make_unique<Member>(config);
    one.offset = offset;
    one.pace = pace;
    driver.seat({one.member.get(), [this, &one] { return clock_of(one); },
                 [&one](const Effects& e) {
                   one.confirmed.insert(one.confirmed.end(), e.confirmed.begin(), e.confirmed.end());
                   one.lost.insert(one.lost.end(), e.lost.begin(), e.lost.end());
                 }});
    if (join) connect(one);
    return one;
  }
  TimePoint clock_of(const One& one) const {
    return TimePoint(one.offset + std::chrono::duration_cast<Duration>(time * one.pace));
  }
  void connect(One& one, const std::string& run = "run") {
    set_time();
    one.member->connected(run, clock_of(one));
    driver.run(*one.member);
  }
  void set_time() { driver.set_time(1'700'000'000'000 + to_ms(time + redis_ahead)); }
  /// Lets true time pass in small steps; every member in `awake` does what is due.
  void pass(Duration span, const std::set<std::string>& asleep = {}) {
    for (const Duration until = time + span; time < until;) {
      time += 50ms;
      set_time();
      for (One& one : ones) {
        if (asleep.contains(one.member->config().id) || one.member->next() > clock_of(one)) continue;
        one.member->tick(clock_of(one));
        driver.run(*one.member);
      }
    }
  }
  void propose(One& one, Ticket ticket, const std::string& session = "s", Class klass = Class::interactive,
               std::vector<schedule::CapOnPath> caps = {{"k", 1, false, 0}}) {
    Proposal p;
    p.ticket = ticket;
    p.path.quota = caps.back().scope;
    p.path.caps = std::move(caps);
    p.klass = klass;
    p.session = "/" + session;
    p.age = 5min;
    one.member->propose(p, clock_of(one));
    driver.run(*one.member);
  }
  void end(One& one, Ticket ticket, Ending ending = Ending::served, bool again = false) {
    one.member->give_back(ticket, ending, again, clock_of(one));
    driver.run(*one.member);
  }
  std::int64_t held(const std::string& scope) { return driver.ask({"SCARD", "t:held:" + scope}).number; }
  /// The first of a group waits until others had time to come back.
  void settle() { pass(5s); }
};

inline std::vector<Ticket> tickets(std::initializer_list<Ticket> list) { return list; }

}  // namespace siltgate::test
