// SPDX-License-Identifier: Apache-2.0
// What a body takes follows what has arrived of it, never what was announced.
#include "flow/received_body.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace siltgate::flow;

namespace {

constexpr std::size_t step = 256 << 10;
constexpr std::size_t announced = std::size_t{32} << 20;

void arrive(ReceivedBody& body, std::string_view bytes) {
  while (!bytes.empty()) {
    auto room = body.room(announced - body.size());
    const std::size_t count = std::min(room.size(), bytes.size());
    std::copy_n(bytes.data(), count, room.data());
    body.arrived(count);
    bytes.remove_prefix(count);
  }
}

}  // namespace

TEST_CASE("a body of which little has arrived takes little", "[flow]") {
  SpareMemory spare;
  ReceivedBody body(spare);
  CHECK(body.capacity() == 0);
  arrive(body, "x");
  CHECK(body.capacity() <= 4096);
  for (std::size_t size : {10'000, 100'000, 1'000'000, 10'000'000}) {
    arrive(body, std::string(size - body.size(), 'x'));
    CHECK(body.capacity() <= std::max(size + (4 << 20), 2 * size) + step);
    CHECK(body.capacity() <= announced);
  }
  body.release();
  CHECK(body.capacity() == 0);
  CHECK(body.empty());
}

TEST_CASE("a body keeps its bytes while it grows, received or appended", "[flow]") {
  std::string expected;
  SpareMemory spare;
  ReceivedBody body(spare);
  for (int i = 0; expected.size() < 3'000'000; ++i) {
    const std::string piece(static_cast<std::size_t>(i) * 37 % 9'001, static_cast<char>('a' + i % 26));
    if (i % 3 == 0) body.append(piece);
    else arrive(body, piece);
    expected += piece;
  }
  CHECK((std::string_view(body) == expected));
}

TEST_CASE("a body that is announced and then comes at once moves once at most", "[flow]") {
  SpareMemory spare;
  ReceivedBody body(spare);
  body.append(std::string(65'000, 'x'));  // what came together with the head
  auto room = body.room((2 << 20) - body.size());
  CHECK(body.size() + room.size() == 2 << 20);
}

TEST_CASE("the memory of a prompt is there for the next, which may be a little longer", "[flow]") {
  SpareMemory spare;
  const char* where = nullptr;
  {
    ReceivedBody first(spare);
    first.append(std::string(1'000'000, 'x'));
    where = std::string_view(first).data();
    CHECK(spare.kept() == 0);
  }
  CHECK(spare.kept() >= 1'000'000);
  ReceivedBody second(spare);
  second.append(std::string(1'010'000, 'y'));
  CHECK((std::string_view(second) == std::string(1'010'000, 'y')));
  CHECK(std::string_view(second).data() == where);
  CHECK(spare.kept() == 0);
}

TEST_CASE("spare memory keeps what came last, within its bound, and no small pieces", "[flow]") {
  SpareMemory spare;
  const auto keep = [&](std::size_t size) { spare.keep(SpareMemory().take(size)); };
  keep(100'000);
  keep(SpareMemory::most + 1);
  CHECK(spare.kept() == 0);
  for (std::size_t size : {1, 2, 3, 4, 5}) keep(size << 20);
  CHECK(spare.kept() == std::size_t{12} << 20);  // 1 and 2 had to go
  CHECK(spare.take(2 << 20).size == std::size_t{3} << 20);
  CHECK(spare.take(6 << 20).size == std::size_t{6} << 20);  // a new one
  CHECK(spare.kept() == std::size_t{9} << 20);
  CHECK(spare.take(1000).size == 1000);  // a small one never takes a large piece
  spare.clear();
  CHECK(spare.kept() == 0);
}

TEST_CASE("memory that was touched before is bounded where it is in use, too", "[flow]") {
  // A prompt leaves its memory, and a request of which little has arrived, so that little is counted, takes it: again and again.
  SpareMemory spare;
  constexpr std::size_t large = SpareMemory::most / 2;
  std::vector<SpareMemory::Piece> in_use;
  std::size_t touched = 0;
  for (int i = 0; i < 20; ++i) {
    spare.keep(SpareMemory().take(large));
    const std::size_t before = spare.kept();
    in_use.push_back(spare.take(SpareMemory::smallest));
    touched += before - spare.kept();
  }
  CHECK(touched <= SpareMemory::most);
  for (auto& piece : in_use) spare.keep(std::move(piece));
  CHECK(spare.kept() <= SpareMemory::most);
  CHECK(spare.kept() >= large);
  const SpareMemory::Piece back = spare.take(large);
  CHECK(back.size == large);
}
