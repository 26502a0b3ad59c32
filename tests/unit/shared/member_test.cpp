// SPDX-License-Identifier: Apache-2.0
// One instance's side of the shared caps: permits and leases while Redis is up.
#include "schedule/adaptive_limit.hpp"
#include "unit/shared/scripted_member.hpp"

using namespace siltgate;
using namespace siltgate::shared;

TEST_CASE("a permit is asked for, confirmed by the answer and given back", "[shared]") {
  Bench bench;
  Effects after = bench.join();
  CHECK(after.mode_changed);
  CHECK(after.salt == "the salt");
  CHECK(bench.member.parts() == 3);
  CHECK(bench.hold(7, 1).confirmed == std::vector<Ticket>{7});
  bench.member.give_back(7, schedule::Ending::served, false, bench.now);
  after = bench.take();
  REQUIRE(after.commands.size() == 1);
  CHECK(after.commands[0].op == Op::leave);
  CHECK(after.commands[0].words == std::vector<std::string>{"me:1"});
}

TEST_CASE("a permit may come later, as a message or with any answer", "[shared]") {
  Bench bench;
  bench.join();
  for (Ticket ticket : {1, 2}) bench.propose(ticket);
  Effects asked = bench.take();
  for (const auto& command : asked.commands) bench.member.answered(command, bench.ok(), bench.now);
  CHECK(bench.take().confirmed.empty());
  bench.member.heard("x:to:me", bench.grant(2), bench.now);
  CHECK(bench.take().confirmed == std::vector<Ticket>{2});
  bench.member.give_back(2, schedule::Ending::served, false, bench.now);
  Effects left = bench.take();
  bench.member.answered(left.commands[0], bench.ok({bench.grant(1)}), bench.now);
  CHECK(bench.take().confirmed == std::vector<Ticket>{1});
}

TEST_CASE("a grant that crosses its withdrawal on the way confirms nothing", "[shared]") {
  Bench bench;
  bench.join();
  bench.propose(1);
  bench.take();
  bench.member.give_back(1, schedule::Ending::ignored, false, bench.now);
  bench.propose(1);  // again, under another number
  Effects sent = bench.take();
  REQUIRE(sent.commands.size() == 2);
  CHECK(sent.commands[0].op == Op::leave);
  bench.member.heard("x:to:me", bench.grant(1), bench.now);
  CHECK(bench.take().confirmed.empty());
  bench.member.heard("x:to:me", bench.grant(2), bench.now);
  CHECK(bench.take().confirmed == std::vector<Ticket>{1});
}

TEST_CASE("a pause longer than the lease loses every permit, counted from before the lease was asked for", "[shared]") {
  for (bool refuse : {false, true}) {
    Bench bench(refuse);
    bench.join();
    bench.hold(7, 1);
    bench.now += 9400ms;
    bench.member.check(bench.now);
    CHECK(bench.take().lost.empty());
    bench.now += 200ms;
    bench.member.check(bench.now);
    Effects e = bench.take();
    CHECK(e.lost == std::vector<Ticket>{7});
    REQUIRE(e.commands.size() == 1);
    CHECK(e.commands[0].op == Op::join);
    CHECK(e.commands[0].words.size() == 5);  // nothing is claimed that may be another's
    CHECK(bench.member.lost_count() == 1);
  }
}

TEST_CASE("after a pause the loss comes before what the pause did to the connection", "[shared]") {
  Bench bench;  // when_down local: a lost connection alone loses nothing
  bench.join();
  bench.hold(7, 1);
  bench.now += 30s;
  bench.member.disconnected(bench.now);
  CHECK(bench.take().lost == std::vector<Ticket>{7});
}

TEST_CASE("renewing moves the end of the lease", "[shared]") {
  Bench bench;
  bench.join();
  bench.hold(7, 1);
  for (int i = 0; i < 10; ++i) {
    bench.now = bench.member.next();
    bench.member.tick(bench.now);
    Effects e = bench.take();
    REQUIRE(e.commands.size() == 1);
    CHECK(e.commands[0].op == Op::beat);
    bench.member.answered(e.commands[0], bench.ok({}, {number(3), number(1), list({text("me:1")})}), bench.now + 50ms);
    CHECK(bench.take().lost.empty());
  }
}

TEST_CASE("Redis has the last word: an instance or a permit it does not know is lost", "[shared]") {
  Bench bench;
  bench.join();
  bench.hold(7, 1);
  bench.hold(8, 2);
  bench.now += 4s;
  bench.member.tick(bench.now);
  Effects e = bench.take();
  bench.member.answered(e.commands[0], bench.ok({}, {number(3), number(1), list({text("me:2"), text("me:99")})}), bench.now);
  e = bench.take();
  CHECK(e.lost == std::vector<Ticket>{7});
  REQUIRE(e.commands.front().op == Op::leave);  // nobody here knows me:99
  CHECK(e.commands.front().words.front() == "me:99");
  bench.now += 4s;
  bench.member.tick(bench.now);
  e = bench.take();
  bench.member.answered(e.commands[0], list({number(-2), number(bench.ms())}), bench.now);
  e = bench.take();
  CHECK(e.lost == std::vector<Ticket>{8});
  CHECK(e.commands.front().op == Op::join);
}

TEST_CASE("what is held under a further name is said at once, also when a join is on its way, and goes with all its names", "[shared]") {
  for (bool joining : {false, true}) {
    Bench bench;
    bench.join();
    bench.hold(7, 1);
    if (joining) {
      bench.member.interrupted(bench.now);
      bench.member.connected("run1", bench.now);
    }
    schedule::SharedPath named;
    named.caps = {{"named", 3, false, 0}};
    const Effects before = bench.take();
    bench.member.restate({{7, named}, {8, named}}, bench.now);
    Effects e = bench.take();
    if (joining) {
      CHECK(e.commands.empty());
      bench.member.answered(before.commands.at(0), bench.ok({}, {text("s"), number(3), number(1), number(0), text("e1")}), bench.now);
      e = bench.take();
    }
    REQUIRE_FALSE(e.commands.empty());
    CHECK(e.commands.back().op == Op::join);
    CHECK(e.commands.back().words.at(6) == "scope\x1e" "named");
    bench.member.answered(e.commands.back(), bench.ok({}, {text("s"), number(3), number(1), number(0), text("e1")}), bench.now);
    for (const auto& command : bench.take().commands) CHECK(command.op == Op::look);
    bench.member.restate({{7, named}}, bench.now);
    CHECK(bench.take().commands.empty());
    bench.member.give_back(7, schedule::Ending::served, false, bench.now);
    CHECK(bench.take().commands.at(0).words == std::vector<std::string>{"me:1"});
  }
}

TEST_CASE("a request that started before is asked for with the time of its first start", "[shared]") {
  Bench bench;
  bench.join();
  const auto first = bench.ms();
  bench.hold(7, 1);
  bench.now += 1s;
  bench.member.give_back(7, schedule::Ending::refused_concurrency, true, bench.now);
  bench.take();
  bench.propose(7);
  CHECK(bench.take().commands.at(0).words.at(3) == std::to_string(first));
}

TEST_CASE("a served request moves the group's automatic limit, and again when another instance was faster", "[shared]") {
  Bench bench;
  bench.join();
  bench.propose(7, true);
  Effects e = bench.take();
  bench.member.answered(e.commands[0], bench.ok({bench.grant(1, 3)}, {list({text("scope"), number(3)})}), bench.now);
  CHECK(bench.take().limits == std::vector<std::pair<std::string, int>>{{"scope", 3}});
  bench.member.give_back(7, schedule::Ending::refused_concurrency, false, bench.now += 1s);
  e = bench.take();
  CHECK(e.commands.at(0).words == std::vector<std::string>{"me:1", "scope"});
  bench.member.answered(e.commands[0], bench.ok({}, {list({text("scope"), number(3), number(2), number(0), text("")})}), bench.now);
  e = bench.take();
  CHECK(e.limits.at(0).second == 2);
  REQUIRE(e.commands.at(0).op == Op::adapt);
  CHECK(e.commands[0].words.at(2) == "2");
  schedule::AdaptiveLimit other(7);
  bench.member.answered(e.commands[0], bench.ok({}, {number(0), number(4), text(other.carried())}), bench.now);
  e = bench.take();
  CHECK(e.commands.at(0).words.at(1) == "4");
  CHECK(e.commands[0].words.at(2) == "6");
}

TEST_CASE("a permit that rests returns later", "[shared]") {
  Bench bench;
  bench.join();
  Proposal p;
  p.ticket = 1;
  p.path.caps = {{"scope", 1, false, 0}};
  p.path.rest = 500ms;
  bench.member.propose(p, bench.now);
  Effects e = bench.take();
  bench.member.answered(e.commands[0], bench.ok({bench.grant(1)}), bench.now);
  bench.take();
  bench.member.give_back(1, schedule::Ending::served, false, bench.now);
  CHECK(bench.take().commands.empty());
  CHECK(bench.member.next() == bench.now + 500ms);
  bench.member.tick(bench.now += 500ms);
  CHECK(bench.take().commands.at(0).op == Op::leave);
}
