// SPDX-License-Identifier: Apache-2.0
#include "flow/pace.hpp"

#include "schedule/rate_headers.hpp"

namespace siltgate::flow {

std::int64_t estimated_tokens(const Exchange& x) { return static_cast<std::int64_t>(x.body.size() / 4); }

void heed_quota(Exchange& x, bool served) {
  if (x.record.dialect == Dialect::none) return;
  const std::string &provider = x.record.provider, &key = x.record.key;
  if (served) return x.services.quota.served(provider, key);
  if (x.refusal.klass != schedule::RefusalClass::quota || !x.refusal.reset_at) return;
  const auto now = std::chrono::system_clock::now();
  const auto wait = std::chrono::duration_cast<Duration>(*x.refusal.reset_at - now);
  if (wait > x.config->queue.max_wait)
    x.services.quota.refused(provider, key, x.refusal, now);
  else if (wait > Duration::zero())
    x.services.turnstile.hold(provider, key, "", Clock::now() + wait);
}

std::optional<Failure> quota_spent(const Exchange& x) {
  if (x.record.dialect == Dialect::none) return {};
  const auto now = std::chrono::system_clock::now();
  const auto* hold = x.services.quota.blocking(x.record.provider, x.record.key, now);
  if (!hold) return {};
  return Failure{Phase::admit, Party::provider, Cause::quota_spent, Retry::never, {}, describe(*hold, x.record.key, now)};
}

void heed_rate_headers(Exchange& x, const http::ResponseHead& head) {
  auto lookup = [&head](std::string_view name) { return head.fields.find(name); };
  const auto pace = schedule::pace_asked(lookup, estimated_tokens(x), std::chrono::system_clock::now());
  if (pace) x.services.turnstile.hold(x.record.provider, x.record.key, x.record.model, Clock::now() + *pace);
}

}  // namespace siltgate::flow
