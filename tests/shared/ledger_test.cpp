// SPDX-License-Identifier: Apache-2.0
// The ledger in a real Redis, its clock and those of the members in the hands of the test: who starts when, and what stays behind.
#include "shared/ledger_room.hpp"

using namespace siltgate;
using namespace siltgate::test;

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
