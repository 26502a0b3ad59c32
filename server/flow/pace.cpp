// SPDX-License-Identifier: Apache-2.0
#include "flow/pace.hpp"

#include <charconv>

#include "schedule/rate_headers.hpp"

namespace siltgate::flow {

std::int64_t estimated_tokens(const Exchange& x) { return static_cast<std::int64_t>(x.body.size() / 4); }

namespace {

constexpr char separator = '\x1f';

std::string one_line(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  return text;
}

/// Tells the instances that share the caps; without a refusal: the quota is there again.
void share_quota(Exchange& x, const schedule::Refusal* refusal) {
  SharedStage* shared = x.services.turnstile.shared();
  if (!shared) return;
  std::string text;
  if (refusal) {
    const auto until = std::chrono::duration_cast<std::chrono::milliseconds>(refusal->reset_at->time_since_epoch()).count();
    text = std::to_string(until) + separator + one_line(refusal->code) + separator + one_line(refusal->message);
  }
  shared->note(x.record.provider + separator + x.record.key, text);
}

}  // namespace

void heed_told_quota(schedule::QuotaHolds& quota, std::string_view name, std::string_view text, WallTime now) {
  const auto split = name.find(separator);
  if (split == std::string_view::npos) return;
  const auto provider = name.substr(0, split), key = name.substr(split + 1);
  const auto code = text.find(separator), message = text.find(separator, std::min(code, text.size() - 1) + 1);
  if (text.empty() || code == std::string_view::npos || message == std::string_view::npos) return quota.end(provider, key);
  schedule::Refusal refusal;
  refusal.klass = schedule::RefusalClass::quota;
  std::int64_t until = 0;
  std::from_chars(text.data(), text.data() + code, until);
  refusal.reset_at = WallTime(std::chrono::milliseconds(until));
  refusal.code = std::string(text.substr(code + 1, message - code - 1)).substr(0, 64);
  refusal.message = std::string(text.substr(message + 1)).substr(0, 512);
  quota.refused(provider, key, refusal, now);
}

void heed_quota(Exchange& x, bool served) {
  if (x.record.dialect == Dialect::none) return;
  const std::string &provider = x.record.provider, &key = x.record.key;
  if (served) {
    if (x.services.quota.served(provider, key, x.quota_pass)) share_quota(x, nullptr);
    return;
  }
  if (x.refusal.klass != schedule::RefusalClass::quota || !x.refusal.reset_at) return;
  const auto now = std::chrono::system_clock::now();
  const auto wait = std::chrono::duration_cast<Duration>(*x.refusal.reset_at - now);
  if (wait > x.config->queue.max_wait) {
    x.services.quota.refused(provider, key, x.refusal, now);
    share_quota(x, &x.refusal);
  } else if (wait > Duration::zero()) {
    x.services.turnstile.hold(provider, key, "", Clock::now() + wait);
  }
}

std::optional<Failure> quota_spent(const Exchange& x) {
  if (x.record.dialect == Dialect::none) return {};
  const auto now = std::chrono::system_clock::now();
  const auto* hold = x.services.quota.blocking(x.record.provider, x.record.key, now, x.quota_pass);
  if (!hold) return {};
  return Failure{Phase::admit, Party::provider, Cause::quota_spent, Retry::never, {}, describe(*hold, x.record.key, now)};
}

void pass_quota(Exchange& x) {
  // Lists of models and the like cost no quota: they go through anyway, and tell nothing about it.
  if (x.record.dialect == Dialect::none) return;
  x.quota_pass = x.services.quota.passed(x.record.provider, x.record.key, std::chrono::system_clock::now());
}

void heed_rate_headers(Exchange& x, const http::ResponseHead& head) {
  auto lookup = [&head](std::string_view name) { return head.fields.find(name); };
  const auto pace = schedule::pace_asked(lookup, estimated_tokens(x), std::chrono::system_clock::now());
  if (pace) x.services.turnstile.hold(x.record.provider, x.record.key, x.record.model, Clock::now() + *pace);
}

}  // namespace siltgate::flow
