// SPDX-License-Identifier: Apache-2.0
#include "flow/retry.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::flow;
using namespace std::chrono_literals;
using schedule::Refusal;
using schedule::RefusalClass;

namespace {

Failure failure(Cause cause, Retry retry = Retry::safe, Phase phase = Phase::relay_body) {
  return {phase, Party::provider, cause, retry, {}, ""};
}

Refusal refusal(RefusalClass klass, std::optional<Duration> wait = {}) {
  Refusal r;
  r.klass = klass;
  r.wait = wait;
  return r;
}

}  // namespace

TEST_CASE("nothing is tried again once a byte was delivered", "[flow]") {
  auto lost = failure(Cause::upstream_reset);
  CHECK(plan_retry({lost, {}, 1, 0s, false, false}, {}, 0.5));
  CHECK_FALSE(plan_retry({lost, {}, 1, 0s, true, false}, {}, 0.5));
}

TEST_CASE("only refusals that may pass are tried again", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  for (auto klass : {RefusalClass::concurrency, RefusalClass::rate, RefusalClass::overloaded, RefusalClass::transient})
    CHECK(plan_retry({said, refusal(klass), 1, 0s, false, false}, {}, 0.5));
  for (auto klass : {RefusalClass::quota, RefusalClass::account, RefusalClass::auth, RefusalClass::request})
    CHECK_FALSE(plan_retry({said, refusal(klass), 1, 0s, false, false}, {}, 0.5));
}

TEST_CASE("attempts and waiting are bounded", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  auto busy = refusal(RefusalClass::concurrency);
  CHECK(plan_retry({said, busy, 5, 0s, false, false}, {}, 0.5));
  CHECK_FALSE(plan_retry({said, busy, 6, 0s, false, false}, {}, 0.5));
  CHECK_FALSE(plan_retry({said, busy, 1, 5min, false, false}, {}, 0.5));
  CHECK_FALSE(plan_retry({said, refusal(RefusalClass::rate, 1h), 1, 0s, false, false}, {}, 0.5));
}

TEST_CASE("what would wait longer than the queue lets anybody wait is not tried again", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  CHECK_FALSE(plan_retry({said, refusal(RefusalClass::rate, 2s), 1, 0s, false, false, 1s}, {}, 0.0));
  CHECK_FALSE(plan_retry({said, refusal(RefusalClass::rate, 1s), 1, 0s, false, false, 1s}, {}, 0.0));
  CHECK(plan_retry({said, refusal(RefusalClass::rate, 500ms), 1, 0s, false, false, 1s}, {}, 0.5));
  CHECK_FALSE(plan_retry({said, refusal(RefusalClass::overloaded), 5, 0s, false, false, 1s}, {}, 0.5));
}

TEST_CASE("damage is tried again at most twice, a wrong kind of answer never", "[flow]") {
  auto damaged = failure(Cause::damaged);
  CHECK(plan_retry({damaged, {}, 2, 0s, false, false}, {}, 0.5));
  CHECK_FALSE(plan_retry({damaged, {}, 3, 0s, false, false}, {}, 0.5));
  CHECK(plan_retry({damaged, {}, 5, 0s, false, true}, {}, 0.5));  // delivery: whole
  auto wrong = failure(Cause::damaged, Retry::safe, Phase::read_head);
  CHECK_FALSE(plan_retry({wrong, {}, 1, 0s, false, false}, {}, 0.5));
}

TEST_CASE("the provider's own waiting time is kept, never undercut", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  auto wait = plan_retry({said, refusal(RefusalClass::rate, 2s), 1, 0s, false, false}, {}, 0.0);
  REQUIRE(wait);
  CHECK(*wait == 2s);
  wait = plan_retry({said, refusal(RefusalClass::rate, 2s), 1, 0s, false, false}, {}, 0.999);
  CHECK((*wait >= 2s && *wait < 2500ms));
}

TEST_CASE("a provider that asks for no wait again and again does not see all attempts at once", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  for (Duration asked : {Duration(0s), Duration(12ms)}) {
    const auto soon_again = refusal(RefusalClass::overloaded, asked);
    CHECK(plan_retry({said, soon_again, 1, 0s, false, false}, {}, 0.0) == asked);  // its word is tried once
    const Duration least[] = {250ms, 500ms, 1s, 2s};
    for (int attempts = 2; attempts <= 5; ++attempts) {
      CHECK(plan_retry({said, soon_again, attempts, 0s, false, false}, {}, 0.0) == least[attempts - 2]);
      CHECK(plan_retry({said, soon_again, attempts, 0s, false, false}, {}, 1.0) == 4 * least[attempts - 2]);
    }
  }
  CHECK(plan_retry({said, refusal(RefusalClass::overloaded, 2s), 5, 0s, false, false}, {}, 0.0) == 2s);
  CHECK(plan_retry({said, refusal(RefusalClass::overloaded), 5, 0s, false, false}, {}, 0.0) == 0s);  // said nothing: full jitter
}

TEST_CASE("a refusal that is passed on holds those behind it as long as it asks, an hour as ten minutes", "[flow]") {
  auto said = failure(Cause::provider_error, Retry::never);
  CHECK(hold_behind({said, refusal(RefusalClass::rate, 400s), 1, 0s, false, false}, 0.0) == 400s);
  CHECK(hold_behind({said, refusal(RefusalClass::rate, 1h), 1, 0s, false, false}, 0.0) == 10min);
  CHECK(hold_behind({said, refusal(RefusalClass::concurrency), 6, 0s, false, false}, 0.5) == 8s);
  CHECK(hold_behind({said, refusal(RefusalClass::transient, 5s), 6, 0s, false, false}, 0.0) == 5s);
  CHECK(hold_behind({said, refusal(RefusalClass::transient), 6, 0s, false, false}, 0.5) == 0s);
  CHECK(hold_behind({said, refusal(RefusalClass::request, 5s), 1, 0s, false, false}, 0.5) == 0s);
  auto reset = failure(Cause::upstream_reset);
  CHECK(hold_behind({reset, {}, 6, 0s, false, false}, 0.5) == 0s);
}

TEST_CASE("endings tell the scheduler what the attempt was", "[flow]") {
  using schedule::Ending;
  CHECK(ending_of(failure(Cause::provider_error), refusal(RefusalClass::concurrency)) == Ending::refused_concurrency);
  CHECK(ending_of(failure(Cause::damaged), {}) == Ending::damaged);
  CHECK(ending_of(failure(Cause::upstream_closed), {}) == Ending::damaged);
  CHECK(ending_of(failure(Cause::upstream_reset, Retry::if_reused, Phase::read_head), {}) == Ending::transient);
  CHECK(ending_of(failure(Cause::connect_failed, Retry::safe, Phase::connect), {}) == Ending::transient);
  CHECK(ending_of(failure(Cause::client_left), {}) == Ending::ignored);
}
