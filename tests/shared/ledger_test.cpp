// SPDX-License-Identifier: Apache-2.0
// The ledger in a real Redis, its clock and those of the members in the hands of the test.
#include <list>
#include <set>

#include "support/catch.hpp"
#include "support/ledger_driver.hpp"
#include "support/running_redis.hpp"

using namespace siltgate;
using namespace siltgate::shared;
using namespace siltgate::test;
using namespace std::chrono_literals;
using schedule::Class;
using schedule::Ending;

namespace {

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

std::vector<Ticket> tickets(std::initializer_list<Ticket> list) { return list; }

}  // namespace

TEST_CASE("all permits of a request are taken at once or none", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1, "s", Class::interactive, {{"wide", 2, false, 0}, {"x", 1, false, 0}});
  room.propose(b, 2, "s", Class::interactive, {{"wide", 2, false, 0}, {"x", 1, false, 0}});
  room.propose(b, 3, "s", Class::interactive, {{"wide", 2, false, 0}, {"y", 1, false, 0}});
  room.propose(a, 4, "s", Class::interactive, {{"wide", 2, false, 0}, {"z", 1, false, 0}});
  CHECK(a.confirmed == tickets({1}));
  CHECK(b.confirmed == tickets({3}));
  CHECK(room.held("x") == 1);
  CHECK(room.held("wide") == 2);
  room.end(b, 3);
  CHECK(a.confirmed == tickets({1, 4}));
  room.end(a, 1);
  CHECK(b.confirmed == tickets({3, 2}));
}

TEST_CASE("sessions take turns across instances, whatever their backlog", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  Ticket last = 0;
  for (int i = 0; i < 30; ++i) room.propose(a, ++last, "many");
  for (int i = 0; i < 10; ++i) room.propose(b, 100 + i, "few");
  std::size_t of_a = 0;
  for (int i = 0; i < 19; ++i) {
    of_a = a.confirmed.size();
    const bool a_runs = room.held("k") == 1 && a.member->holding() == 1;
    a_runs ? room.end(a, a.confirmed.back()) : room.end(b, b.confirmed.back());
  }
  CHECK(of_a >= 9);
  CHECK(of_a <= 11);
  CHECK(b.confirmed.size() >= 9);
}

TEST_CASE("classes share by weight across instances", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  for (Ticket i = 1; i <= 60; ++i) room.propose(a, i, "s", Class::background);
  for (Ticket i = 1; i <= 60; ++i) room.propose(b, i, "s", Class::interactive);
  for (int i = 0; i < 45; ++i) a.member->holding() ? room.end(a, a.confirmed.back()) : room.end(b, b.confirmed.back());
  CHECK(a.confirmed.size() >= 5);  // one in nine
  CHECK(a.confirmed.size() <= 7);
}

TEST_CASE("a request that comes back goes before those that never started", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.propose(b, 2, "t");
  room.propose(b, 3, "u");
  room.end(a, 1, Ending::refused_concurrency, true);
  CHECK(b.confirmed == tickets({2}));
  room.propose(a, 1);
  room.end(b, 2);
  CHECK(a.confirmed == tickets({1, 1}));
}

TEST_CASE("a hold set by one instance stops all until it ends", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  a.member->hold("k", 3s);
  room.end(a, 1);
  room.propose(b, 2);
  CHECK(b.confirmed.empty());
  room.pass(2900ms);
  CHECK(b.confirmed.empty());
  room.pass(400ms);
  CHECK(b.confirmed == tickets({2}));
}

TEST_CASE("a dead instance's permits are free when its lease is over, without anybody's doing", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.propose(b, 2);
  room.pass(60s);
  CHECK(b.confirmed.empty());
  room.pass(11s, {"a"});  // its last word may be a third of a lease old
  CHECK(b.confirmed.size() <= 1);
  room.pass(1500ms, {"a"});
  CHECK(b.confirmed == tickets({2}));
  CHECK(a.lost.empty());  // it does not know yet
  room.pass(100ms);
  CHECK(a.lost == tickets({1}));
  CHECK(room.held("k") == 1);
}

TEST_CASE("clocks that differ by days and drift by a percent make no difference", "[ledger]") {
  Room room;
  auto& a = room.add("a", -20h, 1.01);
  auto& b = room.add("b", 50h, 0.99);
  auto& c = room.add("c", 1000h);
  room.settle();
  for (Room::One* one : {&a, &b, &c}) room.propose(*one, 1);
  int served = 0;
  for (int round = 0; round < 30; ++round) {
    room.pass(7s);
    CHECK(room.held("k") == 1);
    for (Room::One* one : {&a, &b, &c}) {
      CHECK(one->lost.empty());
      if (one->member->holding() == 0) continue;
      ++served;
      room.end(*one, one->confirmed.back());
      room.propose(*one, one->confirmed.back() + 1);
      break;
    }
  }
  CHECK(served == 30);
  CHECK(std::min({a.confirmed.size(), b.confirmed.size(), c.confirmed.size()}) >= 10);
}

TEST_CASE("when the clock of Redis is set forward nobody who is awake loses a permit", "[ledger]") {
  Room room;
  room.lease = 60s;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.pass(3s);
  room.redis_ahead = 1h;
  room.set_time();
  room.propose(b, 2);
  room.pass(2min);
  CHECK(a.lost.empty());
  CHECK(b.confirmed.empty());
  CHECK(room.held("k") == 1);
  room.end(a, 1);
  CHECK(b.confirmed == tickets({2}));
}

TEST_CASE("when the clock of Redis is set back requests wait for the pause and no longer", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.redis_ahead = -24h;
  room.set_time();
  room.propose(b, 2);
  room.end(a, 1);
  room.settle();
  CHECK(b.confirmed == tickets({2}));
  room.pass(1min);
  CHECK(b.lost.empty());
}

TEST_CASE("a paused instance loses its permit on its own clock before anybody else gets it", "[ledger]") {
  Room room;
  auto& a = room.add("a", 0s, 0.97);  // a clock that is slow by more than any real one
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.propose(b, 2);
  bool overlap = false;
  for (int i = 0; i < 300; ++i) {
    room.pass(50ms, {"a"});
    a.member->check(room.clock_of(a));  // as if it looked right now
    const bool a_thinks = a.member->take().lost.empty() && a.member->lost_count() == 0;
    overlap = overlap || (a_thinks && !b.confirmed.empty());
  }
  CHECK(b.confirmed == tickets({2}));
  CHECK_FALSE(overlap);
}

TEST_CASE("after Redis forgot everything nobody starts until all had time to say what they hold", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(b, 1);
  CHECK(b.confirmed == tickets({1}));
  room.redis.stop();
  a.member->disconnected(room.clock_of(a));
  b.member->disconnected(room.clock_of(b));
  a.member->take(), b.member->take();
  room.redis.start();
  LedgerDriver again(room.redis.socket(), "t:", true);
  std::vector<Ticket> got;
  for (Room::One* one : {&a, &b})
    again.seat({one->member.get(), [&room, one] { return room.clock_of(*one); },
                [one](const Effects& e) { one->confirmed.insert(one->confirmed.end(), e.confirmed.begin(), e.confirmed.end()); }});
  again.set_time(1'700'000'000'000 + to_ms(room.time));
  a.member->connected("another run", room.clock_of(a));
  again.run(*a.member);
  Proposal p;
  p.ticket = 9;
  p.path.caps = {{"k", 1, false, 0}};
  p.session = "/x";
  a.member->propose(p, room.clock_of(a));
  again.run(*a.member);
  CHECK(a.confirmed.empty());
  room.time += 2s;
  again.set_time(1'700'000'000'000 + to_ms(room.time));
  b.member->connected("another run", room.clock_of(b));
  again.run(*b.member);
  for (int i = 0; i < 100; ++i) {
    room.time += 100ms;
    again.set_time(1'700'000'000'000 + to_ms(room.time));
    for (Room::One* one : {&a, &b}) {
      if (one->member->next() > room.clock_of(*one)) continue;
      one->member->tick(room.clock_of(*one));
      again.run(*one->member);
    }
  }
  CHECK(a.confirmed.empty());
  b.member->give_back(1, Ending::served, false, room.clock_of(b));
  again.run(*b.member);
  CHECK(a.confirmed == tickets({9}));
}

TEST_CASE("after the database was emptied under a long lease those who stayed connected say what they hold in time", "[ledger]") {
  Room room;
  room.lease = 60s;  // renewed every 20 s, while the others wait for 4 s
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(b, 1);
  CHECK(b.confirmed == tickets({1}));
  room.driver.ask({"FLUSHALL"});
  room.propose(a, 9);
  room.pass(10s);
  CHECK(a.confirmed.empty());
  CHECK(b.lost.empty());
  CHECK(room.held("k") == 1);
  room.end(b, 1);
  CHECK(a.confirmed == tickets({9}));
}

TEST_CASE("a newcomer that is the first to meet an empty Redis joins after the group, and takes over its salt", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  room.settle();
  room.driver.ask({"FLUSHALL"});
  auto& newcomer = room.add("newcomer");
  CHECK(newcomer.member->mode() == Mode::starting);
  CHECK(room.driver.ask({"GET", "t:salt"}).kind == RespValue::Kind::null);
  a.member->disconnected(room.clock_of(a));
  a.member->take();
  room.pass(1s, {"a"});
  room.connect(a);
  CHECK(a.member->mode() == Mode::shared);
  CHECK(newcomer.member->mode() == Mode::starting);
  room.settle();
  CHECK(newcomer.member->mode() == Mode::shared);
  CHECK(newcomer.member->config().salt == "salt of a");
  CHECK(room.driver.ask({"ZCARD", "t:alive"}).number == 2);
}

TEST_CASE("when everybody was silent nobody is declared dead before all could come back", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.propose(b, 2);
  room.time += 40s;  // Redis stood still, and with it nobody's lease was renewed
  for (Room::One* one : {&b, &a}) {
    one->member->disconnected(room.clock_of(*one));
    one->member->take();
  }
  a.lost.clear();
  room.set_time();
  b.member->connected("run", room.clock_of(b));
  room.driver.run(*b.member);
  CHECK(b.confirmed.empty());
  CHECK(room.held("k") == 1);
  room.pass(1s, {"a"});
  CHECK(b.confirmed.empty());
  room.pass(5s, {"a"});
  CHECK(b.confirmed == tickets({2}));
}

TEST_CASE("what was sent on a connection given up comes late and changes nothing", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  a.member->interrupted(room.clock_of(a));
  a.member->connected("run", room.clock_of(a));
  const auto late = a.member->take().commands;  // on their way when the connection broke
  REQUIRE(late.size() == 1);
  room.connect(a);
  room.propose(a, 1);
  CHECK(a.confirmed == tickets({1}));
  room.propose(b, 2);
  CHECK(room.driver.call(*a.member, late[0]).at(0).as_number() == -1);
  CHECK(room.held("k") == 1);
  CHECK(b.confirmed.empty());
  room.pass(10s);
  CHECK(a.lost.empty());
  CHECK(b.confirmed.empty());
  room.end(a, 1);
  CHECK(b.confirmed == tickets({2}));
}

TEST_CASE("an automatic limit is one for the group", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  const std::vector<schedule::CapOnPath> automatic{{"k", 1, true, 0}};
  Ticket last = 0;
  for (int i = 0; i < 20; ++i) {
    room.propose(a, ++last, "a", Class::interactive, automatic);
    room.propose(b, last, "b", Class::interactive, automatic);
  }
  for (int i = 0; i < 20; ++i) {
    room.pass(100ms);
    const std::size_t together = a.member->holding() + b.member->holding();
    const auto limit = room.driver.ask({"HGET", "t:auto:k", "limit"}).as_number();
    CHECK(static_cast<std::int64_t>(together) <= std::max<std::int64_t>(1, limit));
    Room::One& one = a.member->holding() ? a : b;
    room.end(one, one.confirmed.at(one.confirmed.size() - one.member->holding()));
  }
  const auto grown = room.driver.ask({"HGET", "t:auto:k", "limit"}).as_number();
  CHECK(grown >= 3);
  room.pass(100ms);
  Room::One& one = a.member->holding() ? a : b;
  room.end(one, one.confirmed.at(one.confirmed.size() - one.member->holding()), Ending::refused_concurrency);
  CHECK(room.driver.ask({"HGET", "t:auto:k", "limit"}).as_number() < grown);
}

TEST_CASE("an instance that leaves takes nothing with it and leaves nothing behind", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.propose(a, 2);
  room.propose(b, 3);
  a.member->part();
  room.driver.run(*a.member);
  CHECK(b.confirmed == tickets({3}));
  room.end(b, 3);
  for (const char* key : {"t:held:k", "t:of:a", "t:of:b", "t:asks:a"}) CHECK(room.driver.ask({"EXISTS", key}).number == 0);
  CHECK(room.driver.ask({"GET", "t:salt"}).text == "salt of a");  // the first one offered
}

TEST_CASE("what a group leaves in Redis goes some day, and nothing does while it is there", "[ledger]") {
  Room room;
  auto& a = room.add("a");
  auto& b = room.add("b");
  room.settle();
  room.propose(a, 1);
  room.end(a, 1, Ending::transient, true);
  room.propose(a, 1);  // started before
  a.member->hold("k", 1h);
  a.member->note("n", "text");
  room.driver.run(*a.member);
  const auto lives = [&](const char* key) { return room.driver.ask({"PTTL", key}).number; };
  for (const char* key : {"t:salt", "t:group", "t:holds", "t:notes", "t:held:k"}) CHECK(lives(key) == -1);
  for (auto* one : {&a, &b}) {
    one->member->part();
    room.driver.run(*one->member);
  }
  const RespValue left = room.driver.ask({"KEYS", "t:*"});
  CHECK(left.items.size() == 6);
  for (const auto& key : left.items) CHECK(lives(key.text.c_str()) > 0);
  auto& c = room.add("c");
  room.settle();
  for (const char* key : {"t:salt", "t:group", "t:holds", "t:notes"}) CHECK(lives(key) == -1);
  for (int i = 0; i < 1200; ++i) {
    c.member->note("n" + std::to_string(i), "text");
    room.driver.run(*c.member);
  }
  CHECK(room.driver.ask({"HLEN", "t:notes"}).number <= 1001);
}
