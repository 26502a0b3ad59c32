// SPDX-License-Identifier: Apache-2.0
// Where the requests of the queue live: nothing is lost, nothing moves, and a queue that has shrunk gives its memory back.
#include "schedule/slab.hpp"

#include <map>
#include <random>
#include <set>

#include "schedule/number_table.hpp"
#include "support/catch.hpp"

using namespace siltgate::schedule;

namespace {

struct Record {
  std::uint64_t id = 0;
  Record* after = nullptr;
  std::uint32_t self = 0;
  std::uint64_t number() const { return id; }
  static std::uint64_t home_of(std::uint64_t id) { return id; }
};

constexpr std::size_t chunk = Slab<Record>::chunk_size;

std::vector<Record*> take(Slab<Record>& slab, std::size_t count) {
  std::vector<Record*> taken;
  for (std::size_t i = 0; i < count; ++i) taken.push_back(&slab.take());
  return taken;
}

}  // namespace

TEST_CASE("a slab names each of its records by one number", "[schedule]") {
  Slab<Record> slab;
  std::set<std::uint32_t> numbers;
  for (Record* record : take(slab, 3 * chunk + 5)) {
    CHECK(&slab.at(record->self) == record);
    numbers.insert(record->self);
  }
  CHECK(numbers.size() == 3 * chunk + 5);
}

TEST_CASE("a slab serves the record just freed again, as new", "[schedule]") {
  Slab<Record> slab;
  auto taken = take(slab, 3 * chunk);
  taken[7]->id = 4711;
  slab.give(*taken[7]);
  Record& again = slab.take();
  CHECK(&again == taken[7]);
  CHECK(again.id == 0);
  CHECK(again.after == nullptr);
  CHECK(&slab.at(again.self) == &again);
}

TEST_CASE("a slab that has shrunk keeps one empty chunk and fills the lowest first", "[schedule]") {
  Slab<Record> slab;
  auto taken = take(slab, 200 * chunk);
  CHECK(slab.chunks() == 200);
  for (std::size_t i = chunk / 2; i < taken.size(); ++i) slab.give(*taken[i]);
  CHECK(slab.chunks() == 2);
  for (Record* record : take(slab, chunk / 2)) CHECK(record->self < chunk);
  take(slab, 200 * chunk);
  CHECK(slab.chunks() == 201);
}

TEST_CASE("a queue of an even length goes without the allocator", "[schedule]") {
  Slab<Record> slab;
  auto taken = take(slab, 10 * chunk);
  std::mt19937 random(7);
  for (int i = 0; i < 100'000; ++i) {
    Record*& one = taken[random() % taken.size()];
    slab.give(*one);
    one = &slab.take();
  }
  CHECK(slab.chunks() == 10);
}

TEST_CASE("a number table finds what is in it and nothing else, through growth and shrinking", "[schedule]") {
  Slab<Record> slab;
  NumberTable<Record> table(slab);
  std::map<std::uint64_t, Record*> known;
  std::mt19937 random(11);
  for (int round = 0; round < 4; ++round) {
    const bool filling = round % 2 == 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t number = random() % 4'096;  // many share a home
      const auto found = known.find(number);
      REQUIRE(table.find(number) == (found == known.end() ? nullptr : found->second));
      const bool put = random() % 8 < (filling ? 7 : 1);
      if (put && found == known.end()) {
        Record& record = slab.take();
        record.id = number;
        table.insert(record);
        known[number] = &record;
      } else if (!put && found != known.end()) {
        table.erase(*found->second);
        slab.give(*found->second);
        known.erase(found);
      }
    }
    std::size_t seen = 0;
    table.each([&](Record& record) {
      ++seen;
      CHECK(known.count(record.id) == 1);
    });
    CHECK(seen == known.size());
  }
  table.clear();
  CHECK(table.find(known.empty() ? 1 : known.begin()->first) == nullptr);
}
