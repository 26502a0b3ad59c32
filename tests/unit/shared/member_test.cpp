// SPDX-License-Identifier: Apache-2.0
// One instance's side of the shared caps, with answers written by hand: no Redis, no clock.
#include "shared/member.hpp"

#include "schedule/adaptive_limit.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::shared;
using namespace std::chrono_literals;
using Kind = RespValue::Kind;

namespace {

RespValue number(std::int64_t n) {
  RespValue v;
  v.kind = Kind::number;
  v.number = n;
  return v;
}
RespValue text(const std::string& t) {
  RespValue v;
  v.kind = Kind::text;
  v.text = t;
  return v;
}
RespValue list(std::vector<RespValue> items) {
  RespValue v;
  v.kind = Kind::list;
  v.items = std::move(items);
  return v;
}

/// The instance "me" with a lease of 10 s; `ms` is the server's clock, a day ahead of ours.
struct Bench {
  explicit Bench(bool refuse = false) : member(config(refuse)) {}
  static MemberConfig config(bool refuse) {
    MemberConfig c;
    c.id = "me";
    c.info = "{}";
    c.salt = "salt";
    c.lease = 10s;
    c.refuse_when_down = refuse;
    return c;
  }
  std::int64_t ms() const { return to_ms(now.time_since_epoch()) + 86'400'000; }
  Effects take() {
    Effects e = member.take();
    for (auto& command : e.commands) command.sent = now;
    return e;
  }
  RespValue ok(std::vector<std::string> grants = {}, std::vector<RespValue> further = {}) const {
    std::vector<RespValue> words;
    for (const auto& g : grants) words.push_back(text(g));
    std::vector<RespValue> items{number(1), number(ms()), number(-1), list(words)};
    items.insert(items.end(), further.begin(), further.end());
    return list(items);
  }
  std::string grant(int number_, int level = 1) const {
    return std::to_string(number_) + "\x1e" + std::to_string(ms()) + "\x1e" + std::to_string(level);
  }
  Effects join() {
    member.connected("run1", now);
    Effects sent = take();
    REQUIRE(sent.commands.size() == 1);
    REQUIRE(sent.commands[0].op == Op::join);
    joined = sent.commands[0].words;
    member.answered(sent.commands[0], ok({}, {text("the salt"), number(3), number(1), number(0), text("e1")}), now);
    return take();
  }
  void propose(Ticket ticket, bool automatic = false) {
    Proposal p;
    p.ticket = ticket;
    p.path.caps = {{"scope", 3, automatic, 0}};
    p.path.quota = "scope";
    member.propose(p, now);
  }
  Effects hold(Ticket ticket, int number_) {
    propose(ticket);
    Effects e = take();
    REQUIRE(e.commands.size() == 1);
    member.answered(e.commands[0], ok({grant(number_)}), now);
    return take();
  }

  Member member;
  TimePoint now{1h};
  std::vector<std::string> joined;
};

}  // namespace

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
