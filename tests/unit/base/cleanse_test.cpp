// SPDX-License-Identifier: Apache-2.0
// That memory is overwritten shows from outside only: tests/chaos/process.py, key_leaves_memory.
#include "base/cleanse.hpp"

#include "support/catch.hpp"

using namespace siltgate;

TEST_CASE("text grows as with +=", "[base]") {
  std::string grown, expected;
  for (const std::string_view piece : {"a", "", "short", "longer than what a string keeps inside itself", "z"}) {
    append_cleansing(grown, piece);
    expected += piece;
    CHECK(grown == expected);
  }
  cleanse(grown);
  CHECK(grown.empty());
}

TEST_CASE("a list of secrets keeps its values through copies, moves and growth, and no empty ones", "[base]") {
  Secrets secrets{"first"};
  secrets.add("");
  for (int i = 0; i < 20; ++i) secrets.add("secret " + std::to_string(i));
  Secrets copy = secrets;
  Secrets moved = std::move(secrets);
  copy = moved;
  const std::span<const std::string> values = copy;
  REQUIRE(values.size() == 21);
  CHECK(values.front() == "first");
  CHECK(values.back() == "secret 19");
}
