// SPDX-License-Identifier: Apache-2.0
// Spent quotas and rate headers.
#include <map>

#include "schedule/quota_holds.hpp"
#include "schedule/rate_headers.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using namespace std::chrono_literals;

namespace {

const WallTime now = WallTime{std::chrono::sys_days{std::chrono::year(2026) / 9 / 8}} + 12h;

Refusal spent(std::optional<WallTime> reset, RefusalClass klass = RefusalClass::quota) {
  Refusal refusal;
  refusal.klass = klass;
  refusal.code = "1308";
  refusal.message = "Usage limit reached";
  refusal.reset_at = reset;
  return refusal;
}

std::optional<Duration> pace(const std::map<std::string, std::string, std::less<>>& headers, std::int64_t tokens = 1000) {
  const HeaderLookup lookup = [&headers](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
  };
  return pace_asked(lookup, tokens, now);
}

}  // namespace

TEST_CASE("a spent quota blocks its key until the reset, and no other key", "[schedule]") {
  QuotaHolds holds;
  holds.refused("zai", "a", spent(now + 3h), now);
  CHECK(holds.blocking("zai", "a", now));
  CHECK_FALSE(holds.blocking("zai", "b", now));
  CHECK_FALSE(holds.blocking("other", "a", now));
  CHECK_FALSE(holds.blocking("zai", "a", now + 3h));
  CHECK_FALSE(holds.find("zai", "a", now + 3h));
}

TEST_CASE("only a quota refusal with a reset ahead holds, and the latest word counts", "[schedule]") {
  QuotaHolds holds;
  holds.refused("p", "k", spent(std::nullopt), now);
  holds.refused("p", "k", spent(now - 1s), now);
  holds.refused("p", "k", spent(now + 24h * 40), now);
  holds.refused("p", "k", spent(now + 1h, RefusalClass::account), now);
  CHECK_FALSE(holds.find("p", "k", now));
  holds.refused("p", "k", spent(now + 5h), now);
  holds.refused("p", "k", spent(now + 1h), now);
  CHECK(holds.find("p", "k", now)->until == now + 1h);
}

TEST_CASE("one request every ten minutes looks whether a spent quota is back", "[schedule]") {
  QuotaHolds holds;
  holds.refused("p", "k", spent(now + 5h), now);
  CHECK(holds.blocking("p", "k", now + 10min - 1s));
  CHECK_FALSE(holds.blocking("p", "k", now + 10min));
  const auto probe = holds.passed("p", "k", now + 10min);
  CHECK(holds.blocking("p", "k", now + 10min));
  CHECK(holds.find("p", "k", now + 10min)->until == now + 5h);
  CHECK(holds.served("p", "k", probe));
  CHECK_FALSE(holds.find("p", "k", now + 10min));
}

TEST_CASE("the one that looks may try again, until the quota is refused anew", "[schedule]") {
  QuotaHolds holds;
  holds.refused("p", "k", spent(now + 5h), now);
  const auto probe = holds.passed("p", "k", now + 10min);
  CHECK_FALSE(holds.blocking("p", "k", now + 10min, probe));  // after a 500
  CHECK(holds.blocking("p", "k", now + 10min));               // the others
  holds.refused("p", "k", spent(now + 5h), now + 10min);
  CHECK(holds.blocking("p", "k", now + 10min, probe));
}

TEST_CASE("only what was sent after the refusal proves that a quota is back", "[schedule]") {
  QuotaHolds holds;
  const auto before = holds.passed("p", "k", now - 1min);
  holds.refused("p", "k", spent(now + 5h), now);
  CHECK_FALSE(holds.served("p", "k", before));
  CHECK(holds.find("p", "k", now));
  const auto probe = holds.passed("p", "k", now + 10min);
  holds.refused("p", "k", spent(now + 5h), now + 11min);
  CHECK_FALSE(holds.served("p", "k", probe));  // the provider's latest word counts
  CHECK(holds.served("p", "k", holds.passed("p", "k", now + 21min)));
  CHECK_FALSE(holds.served("p", "k", probe));
}

TEST_CASE("of too many spent quotas the one that ends first is forgotten", "[schedule]") {
  QuotaHolds holds(2);
  holds.refused("p", "a", spent(now + 3h), now);
  holds.refused("p", "b", spent(now + 1h), now);
  holds.refused("p", "c", spent(now + 2h), now);
  CHECK(holds.find("p", "a", now));
  CHECK_FALSE(holds.find("p", "b", now));
  CHECK(holds.find("p", "c", now));
}

TEST_CASE("a spent quota is described with its code, its time and what is left", "[schedule]") {
  QuotaHolds holds;
  holds.refused("p", "team", spent(now + 3h + 20min), now);
  CHECK(describe(*holds.find("p", "team", now), "team", now) ==
        "the quota of key team is spent (code 1308: Usage limit reached); it comes back at 2026-09-08 15:20:00 UTC, in 3h20m");
}

TEST_CASE("a bucket that is empty is waited for until one request fits again", "[schedule]") {
  CHECK(pace({{"x-ratelimit-limit-requests", "60"}, {"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "60s"}}) == 1s);
  CHECK(pace({{"x-ratelimit-limit-requests", "60"}, {"x-ratelimit-remaining-requests", "1"}, {"x-ratelimit-reset-requests", "59s"}}) == std::nullopt);
  CHECK(pace({{"anthropic-ratelimit-requests-limit", "5"}, {"anthropic-ratelimit-requests-remaining", "0"},
              {"anthropic-ratelimit-requests-reset", "2026-09-08T12:00:50Z"}}) == 10s);
  CHECK(pace({{"anthropic-ratelimit-output-tokens-limit", "8000"}, {"anthropic-ratelimit-output-tokens-remaining", "0"},
              {"anthropic-ratelimit-output-tokens-reset", "2026-09-08T12:00:08Z"}}) == 1ms);
}

TEST_CASE("tokens are waited for until the next request of this size fits", "[schedule]") {
  const std::map<std::string, std::string, std::less<>> headers{
      {"x-ratelimit-limit-tokens", "30000"}, {"x-ratelimit-remaining-tokens", "20000"}, {"x-ratelimit-reset-tokens", "20s"}};
  CHECK(pace(headers, 20'000) == std::nullopt);
  CHECK(pace(headers, 25'000) == 10s);
  CHECK(pace(headers, 90'000) == 20s);  // never fits: until the bucket is full
}

TEST_CASE("a fixed window is waited for to its end, a day is not", "[schedule]") {
  CHECK(pace({{"x-ratelimit-limit", "20"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1788868805000"}}) == 5s);
  CHECK(pace({{"x-ratelimit-remaining", "1"}, {"x-ratelimit-reset", "1788868805000"}}) == std::nullopt);
  CHECK(pace({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1788900000000"}}) == std::nullopt);
  CHECK(pace({{"x-ratelimit-remaining", "0"}}) == std::nullopt);
  CHECK(pace({{"x-ratelimit-remaining", "soon"}, {"x-ratelimit-reset", "5"}}) == std::nullopt);
  CHECK(pace({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "20ms"}}) == 20ms);
}
