// SPDX-License-Identifier: Apache-2.0
// The decision list of plan_retry:
//   1. Something of an upstream body was delivered: never.
//   2. A provider's refusal: only the classes concurrency, rate, overloaded, transient.
//   3. Any other failure: only when it is marked safe (or lost on a connection, before a response).
//   4. Attempts are used up: give up. Damage is not congestion: three attempts at the most (unless the user asked for
//      whole answers), and only one when the provider
//      answered something else than a stream, which it will do again (docs/decisions/0012).
//   5. The wait is what the provider said plus up to a quarter of it (so that waiters do not come back as one), else full jitter.
//      From the second retry on, a wait it asks for that is under a quarter of the jitter's bound is no word to live by: a
//      provider that says "0" each time would see all attempts at once. Then the jitter is between that quarter and its bound.
//   6. More waiting than retry.max_wait allows in all, or than limits.queue.max_wait allows at a time: give up. Waiting all the
//      same would end in an error of siltgate's own in place of the provider's.
//   7. A refusal that is not tried again is news for those behind it all the same: they wait as long as it would have (hold_behind).
//      Ten minutes at the most: then the next one finds out whether it still is so, as with spent quotas (docs/decisions/0005).
#include "flow/retry.hpp"

#include <algorithm>

namespace siltgate::flow {
namespace {

bool eligible(const LostAttempt& lost) {
  if (lost.delivered) return false;                                                     // 1
  if (lost.failure.cause == Cause::provider_error) return schedule::retried(lost.refusal.klass);  // 2
  return lost.failure.retry != Retry::never;                                            // 3
}

int attempts_allowed(const LostAttempt& lost, const schedule::RetryConfig& config) {
  bool damage = ending_of(lost.failure, lost.refusal) == schedule::Ending::damaged;
  if (damage && lost.failure.phase == Phase::read_head) return 1;
  if (damage && !lost.whole) return std::min(config.attempts, 3);
  return config.attempts;
}

Duration back_off(const LostAttempt& lost, double random) {  // 5
  const int retries = lost.attempts - 1;
  const Duration jitter = schedule::full_jitter(retries, random);
  if (!lost.refusal.wait) return jitter;
  const Duration asked = *lost.refusal.wait;
  const Duration least = retries > 0 ? schedule::full_jitter(retries, 1) / 4 : Duration{0};
  if (asked < least) return least + jitter * 3 / 4;
  return asked + Duration(static_cast<Duration::rep>(random * static_cast<double>(asked.count()) / 4));
}

}  // namespace

std::optional<Duration> plan_retry(const LostAttempt& lost, const schedule::RetryConfig& config, double random) {
  if (!eligible(lost)) return {};
  if (lost.attempts >= attempts_allowed(lost, config)) return {};  // 4
  Duration wait = back_off(lost, random);
  if (lost.waited + wait > config.max_wait || wait >= lost.queue_wait) return {};  // 6
  return wait;
}

Duration hold_behind(const LostAttempt& lost, double random) {
  if (lost.failure.cause != Cause::provider_error || !schedule::retried(lost.refusal.klass)) return {};
  // A fault of the provider may be this request's alone; those behind it wait only when it asks them to.
  if (lost.refusal.klass == schedule::RefusalClass::transient && !lost.refusal.wait) return {};
  return std::min<Duration>(back_off(lost, random), std::chrono::minutes(10));  // 7
}

schedule::Ending ending_of(const Failure& failure, const schedule::Refusal& refusal) {
  using schedule::Ending;
  using schedule::RefusalClass;
  switch (failure.cause) {
    case Cause::provider_error:
      switch (refusal.klass) {
        case RefusalClass::concurrency: return Ending::refused_concurrency;
        case RefusalClass::rate: return Ending::refused_rate;
        case RefusalClass::overloaded: return Ending::refused_overloaded;
        case RefusalClass::transient: return Ending::transient;
        default: return Ending::ignored;
      }
    case Cause::damaged:
    case Cause::upstream_closed:
    case Cause::upstream_reset:
    case Cause::upstream_malformed:
      return failure.phase == Phase::relay_body || failure.cause == Cause::damaged ? Ending::damaged : Ending::transient;
    case Cause::connect_failed:
    case Cause::connect_timeout:
    case Cause::resolve_failed:
      return Ending::transient;
    default:
      return Ending::ignored;
  }
}

}  // namespace siltgate::flow
