// SPDX-License-Identifier: Apache-2.0
// One instance's side of the shared caps: joining, and what happens while Redis is away or has forgotten.
#include "unit/shared/scripted_member.hpp"

using namespace siltgate;
using namespace siltgate::shared;

TEST_CASE("a group that Redis has forgotten is joined again with what is held", "[shared]") {
  Bench bench;
  bench.join();
  bench.hold(7, 1);
  bench.now += 4s;
  bench.member.tick(bench.now);
  Effects e = bench.take();
  bench.member.answered(e.commands[0], list({number(-1), number(bench.ms())}), bench.now);
  e = bench.take();
  CHECK(e.lost.empty());
  REQUIRE(e.commands.size() == 1);
  CHECK(e.commands[0].words.size() == 7);
  CHECK(e.commands[0].words[5] == "me:1");
  CHECK(e.commands[0].words[6] == "scope");
}

TEST_CASE("what was on the way when the group was founded anew is neither lost nor answered with another join", "[shared]") {
  Bench bench;
  bench.join();
  bench.hold(7, 1);
  bench.now += 4s;
  bench.member.tick(bench.now);
  const Effects beat = bench.take();
  bench.member.answered(beat.commands[0], list({number(-1), number(bench.ms())}), bench.now);
  const Effects join = bench.take();
  bench.member.give_back(7, schedule::Ending::served, false, bench.now);  // join has claimed it
  bench.propose(8);
  const Effects meanwhile = bench.take();
  REQUIRE(meanwhile.commands.size() == 1);
  CHECK(meanwhile.commands[0].epoch == "e1");
  bench.member.answered(join.commands[0], bench.ok({}, {text("s"), number(1), number(0), number(0), text("e2")}), bench.now);
  Effects e = bench.take();
  REQUIRE(e.commands.front().op == Op::enter);
  CHECK(e.commands.front().epoch == "e2");
  bench.member.answered(meanwhile.commands[0], list({number(-1), number(bench.ms())}), bench.now);
  e = bench.take();
  REQUIRE(e.commands.size() == 1);
  CHECK(e.commands[0].op == Op::leave);
  CHECK(e.commands[0].epoch == "e2");
}

TEST_CASE("Redis down and local: this instance confirms, keeps what runs and claims it when Redis is back", "[shared]") {
  Bench bench;
  bench.join();
  bench.hold(7, 1);
  bench.member.disconnected(bench.now);
  CHECK(bench.take().mode_changed);
  bench.propose(8);
  CHECK(bench.take().confirmed == std::vector<Ticket>{8});
  bench.now += 60s;
  bench.member.check(bench.now);
  CHECK(bench.take().lost.empty());
  bench.member.connected("run2", bench.now);
  Effects e = bench.take();
  CHECK(e.commands[0].words.size() == 9);
  bench.propose(9);  // from the moment of joining the group decides
  CHECK(bench.take().confirmed.empty());
  bench.member.answered(e.commands[0], bench.ok({}, {text("s"), number(1), number(0), number(500), text("e2")}), bench.now);
  e = bench.take();
  CHECK(e.mode_changed);
  CHECK(e.commands.front().op == Op::enter);
  CHECK(bench.member.settled_at() == bench.now + 500ms);
}

TEST_CASE("Redis down and local: what was asked for while it seemed to come back is confirmed when it does not", "[shared]") {
  Bench bench;
  bench.join();
  bench.member.disconnected(bench.now);
  bench.member.connected("run2", bench.now);
  bench.propose(8);
  CHECK(bench.take().confirmed.empty());
  bench.member.disconnected(bench.now);
  CHECK(bench.take().confirmed == std::vector<Ticket>{8});
}

TEST_CASE("the group's salt is what a Redis that forgot everything is offered, so that keys keep their names", "[shared]") {
  Bench bench;
  bench.join();
  CHECK(bench.joined.at(2) == "salt");
  bench.member.disconnected(bench.now);
  bench.take();
  bench.member.connected("run2", bench.now);
  const Effects e = bench.take();
  CHECK(e.commands.at(0).words.at(2) == "the salt");
  CHECK(e.commands[0].words.at(3) == "1");
}

TEST_CASE("a newcomer that comes before the others could come back waits outside, and goes on as it was until then", "[shared]") {
  for (bool refuse : {false, true}) {
    Bench bench(refuse);
    bench.member.disconnected(bench.now);
    bench.member.connected("run1", bench.now);
    bench.propose(7);
    Effects e = bench.take();
    REQUIRE(e.commands.size() == 1);
    CHECK(e.commands[0].words.at(3) == "");
    bench.member.answered(e.commands[0], list({number(-3), number(bench.ms()), number(3000)}), bench.now);
    e = bench.take();
    CHECK(e.outside);
    CHECK(e.commands.empty());
    CHECK(e.confirmed == (refuse ? std::vector<Ticket>{} : std::vector<Ticket>{7}));
    CHECK(bench.member.mode() == (refuse ? Mode::refusing : Mode::local));
    CHECK(bench.member.next() == bench.now + 3s);
    bench.member.tick(bench.now += 2900ms);
    CHECK(bench.take().commands.empty());
    bench.member.tick(bench.now += 100ms);
    e = bench.take();
    REQUIRE(e.commands.size() == 1);
    CHECK(e.commands[0].op == Op::join);
  }
}

TEST_CASE("a connection that breaks while a newcomer waits outside takes its waiting with it", "[shared]") {
  Bench bench;
  bench.member.connected("run1", bench.now);
  const Effects e = bench.take();
  bench.member.answered(e.commands.at(0), list({number(-3), number(bench.ms()), number(3000)}), bench.now);
  CHECK(bench.member.mode() == Mode::starting);
  bench.member.disconnected(bench.now);
  CHECK(bench.member.mode() == Mode::local);
  bench.take();
  bench.member.tick(bench.now += 3s);
  CHECK(bench.take().commands.empty());
}

TEST_CASE("the part for an outage shrinks only after a lease with fewer instances, counted anew after each return", "[shared]") {
  Bench bench;
  bench.join();
  const auto come_back = [&](int parts, int rank) {
    bench.member.disconnected(bench.now);
    bench.member.connected("run2", bench.now);
    const Effects e = bench.take();
    bench.member.answered(e.commands.at(0), bench.ok({}, {text("s"), number(parts), number(rank), number(0), text("e2")}), bench.now);
    bench.take();
  };
  const auto beat = [&](int parts, int rank) {
    bench.now = bench.member.next();
    bench.member.tick(bench.now);
    const Effects e = bench.take();
    bench.member.answered(e.commands.at(0), bench.ok({}, {number(parts), number(rank), list({})}), bench.now);
    bench.take();
  };
  come_back(1, 0);
  beat(1, 0);
  CHECK(bench.member.parts() == 3);
  CHECK(bench.member.rank() == 1);
  bench.now += 9s;
  come_back(1, 0);  // a second outage: the others may still be on their way
  beat(2, 0);
  beat(1, 0);
  CHECK(bench.member.parts() == 3);
  for (int i = 0; i < 3; ++i) beat(1, 0);
  CHECK(bench.member.parts() == 1);
  CHECK(bench.member.rank() == 0);
  beat(4, 2);
  CHECK(bench.member.parts() == 4);
}

TEST_CASE("Redis down and refuse: nothing is confirmed, and what runs ends with the lease", "[shared]") {
  Bench bench(true);
  bench.join();
  bench.hold(7, 1);
  bench.now += 1s;
  bench.member.disconnected(bench.now);
  bench.propose(8);
  CHECK(bench.take().confirmed.empty());
  CHECK(bench.member.mode() == Mode::refusing);
  bench.now = bench.member.next();
  CHECK(bench.now == TimePoint(1h + 9500ms));
  bench.member.tick(bench.now);
  CHECK(bench.take().lost == std::vector<Ticket>{7});
}

TEST_CASE("a broken connection is no outage: nothing is confirmed, lost or turned away while another is tried", "[shared]") {
  for (bool refuse : {false, true}) {
    Bench bench(refuse);
    bench.join();
    bench.hold(7, 1);
    bench.propose(8);
    bench.take();
    bench.member.interrupted(bench.now);
    bench.propose(9);
    bench.member.give_back(9, schedule::Ending::ignored, false, bench.now);
    bench.propose(10);
    bench.now += 1s;
    bench.member.interrupted(bench.now);  // the next attempt failed
    bench.member.tick(bench.now);
    Effects e = bench.take();
    CHECK_FALSE(e.mode_changed);
    CHECK(e.confirmed.empty());
    CHECK(e.lost.empty());
    CHECK(e.commands.empty());
    bench.member.connected("run1", bench.now);
    e = bench.take();
    REQUIRE(e.commands.size() == 1);
    CHECK(e.commands[0].words.at(5) == "me:1");
    bench.now += 1s;
    CHECK(bench.member.next() > bench.now);  // the answer has its own time
    bench.member.tick(bench.now);
    bench.member.answered(e.commands[0], bench.ok({}, {text("s"), number(3), number(1), number(0), text("e1")}), bench.now);
    e = bench.take();
    CHECK_FALSE(e.mode_changed);
    REQUIRE(e.commands.size() == 3);
    CHECK(e.commands[0].number == 2);
    CHECK(e.commands[1].number == 4);
    CHECK(e.commands[2].op == Op::look);
    bench.member.interrupted(bench.now);
    CHECK(bench.member.next() == bench.now + bench.member.config().patience());  // counted anew
  }
}

TEST_CASE("what was granted before a join is void: join takes it back, and it is asked for anew", "[shared]") {
  Bench bench;
  bench.join();
  bench.propose(8);
  const Effects asked = bench.take();
  SECTION("by a message on the new connection") {
    bench.member.interrupted(bench.now);
    bench.member.connected("run1", bench.now);
  }
  SECTION("by an answer from before a pause longer than the lease") { bench.member.check(bench.now += 10s); }
  Effects e = bench.take();
  REQUIRE(e.commands.size() == 1);
  REQUIRE(e.commands[0].op == Op::join);
  CHECK(e.commands[0].words.size() == 5);
  bench.member.heard("x:to:me", bench.grant(1), bench.now);
  bench.member.answered(asked.commands[0], bench.ok({bench.grant(1)}), bench.now);
  Command beat;
  beat.sent = bench.now;
  bench.member.answered(beat, bench.ok({}, {number(3), number(1), list({text("me:1")})}), bench.now);
  CHECK(bench.take().confirmed.empty());
  bench.member.answered(e.commands[0], bench.ok({}, {text("s"), number(3), number(1), number(0), text("e1")}), bench.now);
  e = bench.take();
  REQUIRE_FALSE(e.commands.empty());
  CHECK(e.commands[0].op == Op::enter);
  CHECK(e.commands[0].number == 1);
  bench.member.answered(e.commands[0], bench.ok({bench.grant(1)}), bench.now);
  CHECK(bench.take().confirmed == std::vector<Ticket>{8});
}

TEST_CASE("a broken connection is an outage when no other one joins within the patience", "[shared]") {
  for (bool refuse : {false, true}) {
    Bench bench(refuse);
    bench.join();
    bench.propose(8);
    bench.take();
    const TimePoint until = bench.now + bench.member.config().patience();
    bench.member.interrupted(bench.now);
    CHECK(bench.member.next() == until);
    if (refuse) {  // connections come, but none lasts until it has joined
      bench.member.connected("run1", bench.now += 1s);
      bench.now = until;
      bench.member.interrupted(bench.now);
    } else {
      bench.now = until;
      bench.member.tick(bench.now);
    }
    const Effects e = bench.take();
    CHECK(e.mode_changed);
    CHECK(bench.member.mode() == (refuse ? Mode::refusing : Mode::local));
    CHECK(bench.member.next() > until);
  }
}

TEST_CASE("an error from Redis ends the connection", "[shared]") {
  Bench bench;
  bench.join();
  bench.propose(1);
  Effects e = bench.take();
  RespValue error;
  error.kind = Kind::error;
  error.text = "OOM command not allowed when used memory > 'maxmemory'.";
  bench.member.answered(e.commands[0], error, bench.now);
  CHECK(bench.take().drop == error.text);
}
