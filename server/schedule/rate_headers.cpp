// SPDX-License-Identifier: Apache-2.0
#include "schedule/rate_headers.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "schedule/refusal_wait.hpp"

namespace siltgate::schedule {

namespace {

struct Bucket {
  std::string limit, remaining, reset;  // header names
  bool tokens = false;
};

const Bucket buckets[] = {
    {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
    {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", true},
    {"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
    {"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset", true},
    {"anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-remaining",
     "anthropic-ratelimit-input-tokens-reset", true},
    {"anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-output-tokens-remaining",
     "anthropic-ratelimit-output-tokens-reset"},
    {"", "x-ratelimit-remaining", "x-ratelimit-reset"},
};

std::optional<std::int64_t> count_in(const HeaderLookup& header, const std::string& name) {
  const auto text = name.empty() ? std::nullopt : header(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 0) return std::nullopt;
  return value;
}

std::optional<Duration> wait_for(const Bucket& bucket, const HeaderLookup& header, std::int64_t tokens, WallTime now) {
  const auto remaining = count_in(header, bucket.remaining);
  if (!remaining) return std::nullopt;
  const auto limit = count_in(header, bucket.limit);
  std::int64_t need = bucket.tokens ? std::max<std::int64_t>(tokens, 1) : 1;
  if (limit) need = std::min(need, std::max<std::int64_t>(*limit, 1));
  if (*remaining >= need || (!limit && *remaining > 0)) return std::nullopt;
  const auto text = header(bucket.reset);
  const auto reset = text ? parse_reset(*text, now) : std::nullopt;
  if (!reset || !limit || *limit <= *remaining) return reset;  // (2)
  const double share = static_cast<double>(need - *remaining) / static_cast<double>(*limit - *remaining);  // (1)
  return std::chrono::duration_cast<Duration>(*reset * std::min(share, 1.0));
}

}  // namespace

std::optional<Duration> pace_asked(const HeaderLookup& header, std::int64_t tokens, WallTime now) {
  std::optional<Duration> longest;
  for (const Bucket& bucket : buckets)
    if (const auto wait = wait_for(bucket, header, tokens, now)) longest = std::max(longest.value_or(*wait), *wait);  // (3)
  if (!longest || *longest <= Duration{0} || *longest > std::chrono::minutes(1)) return std::nullopt;
  return longest;
}

}  // namespace siltgate::schedule
