// SPDX-License-Identifier: Apache-2.0
// What the rate headers of a good answer say about the next start: a provider that counts aloud need not refuse first.
// Pure; x-ratelimit-* as OpenAI and OpenRouter send them, anthropic-ratelimit-* as Anthropic does.
#pragma once

#include <cstdint>
#include <optional>

#include "schedule/refusal.hpp"

namespace siltgate::schedule {

/// How long the next request like this one (`tokens` of input) should stay away; unset = it may go. Rules:
/// (1) A bucket with limit, remaining and reset (x-ratelimit-*-{requests,tokens}, anthropic-ratelimit-{requests,tokens,
///     input-tokens,output-tokens}-*): reset is when it is full again, so it refills by (limit - remaining) / reset. The
///     wait lasts until one request, or `tokens`, are in it; a bucket smaller than that is waited for until it is full.
/// (2) Without a limit, and for the fixed window of x-ratelimit-{remaining,reset}: until the reset when nothing remains.
/// (3) The longest counts. More than a minute is no pace but a quota: then unset, and the provider may refuse by itself.
std::optional<Duration> pace_asked(const HeaderLookup& header, std::int64_t tokens, WallTime now);

}  // namespace siltgate::schedule
