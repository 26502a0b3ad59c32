// SPDX-License-Identifier: Apache-2.0
// The ledger when instances die, sleep or come late, when clocks jump, and when Redis forgets.
#include "shared/ledger_room.hpp"

using namespace siltgate;
using namespace siltgate::test;

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
