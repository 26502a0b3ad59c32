// SPDX-License-Identifier: Apache-2.0
#include "http/body_deadline.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;
using std::chrono::seconds;

TEST_CASE("a request body must go on within body_stall", "[http]") {
  const Limits limits;
  const TimePoint began{};
  CHECK(body_deadline(limits, began, 0, began) == began + limits.body_stall);
  CHECK(body_deadline(limits, began, 64 << 20, began + seconds(9)) == began + seconds(9) + limits.body_stall);
}

TEST_CASE("a sender of one byte at a time is cut off in time, however regular it is", "[http]") {
  const Limits limits;
  const TimePoint began{};
  TimePoint now = began;
  int sent = 0;
  for (; now < body_deadline(limits, began, static_cast<std::uint64_t>(sent), now); now += seconds(1)) ++sent;
  CHECK(now - began <= limits.body_stall + seconds(1));
}

TEST_CASE("a slow but honest upload is never cut off", "[http]") {
  const Limits limits;
  const TimePoint began{};
  TimePoint now = began;
  for (std::uint64_t sent = 0; sent < (8u << 20); sent += 2048, now += seconds(1)) REQUIRE(now < body_deadline(limits, began, sent, now));
}
