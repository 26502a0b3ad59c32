// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace std::chrono_literals;

TEST_CASE("durations are read with their units and nothing else", "[base]") {
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("0") == 0s);
  for (auto bad : {"", "30", "s", "-1s", "1 s", "1.5s", "10y", "30s ", "366d", "99999999999999999999s"})
    CHECK_FALSE(parse_duration(bad));
}

TEST_CASE("sizes are read with their units and nothing else", "[base]") {
  CHECK(parse_bytes("64MiB") == 64_MiB);
  CHECK(parse_bytes("1KB") == Bytes{1000});
  CHECK(parse_bytes("17B") == Bytes{17});
  for (auto bad : {"", "64", "MiB", "64mib", "1.5MiB", "64MiB ", "99999999999GiB"}) CHECK_FALSE(parse_bytes(bad));
}

TEST_CASE("what is formatted reads back as the same value", "[base]") {
  for (auto d : {0ns, 250'000'000ns, std::chrono::nanoseconds(90min), std::chrono::nanoseconds(168h)})
    CHECK(parse_duration(format_duration(d)) == d);
  for (auto b : {Bytes{0}, Bytes{1500}, 64_MiB, 8_KiB}) CHECK(parse_bytes(format_bytes(b)) == b);
  CHECK(format_bytes(64_MiB) == "64MiB");
  CHECK(format_duration(90min) == "1h30m");
}
