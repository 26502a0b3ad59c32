// SPDX-License-Identifier: Apache-2.0
// What a provider's error means: class by a table (config/profiles/*.json, embedded at build) over HTTP status, body code
// and headers; and how long to stay away. Pure: wall time comes in as an argument.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace siltgate::schedule {

enum class RefusalClass { none, concurrency, rate, overloaded, transient, quota, account, auth, request };

std::string_view to_string(RefusalClass c);
/// concurrency, rate, overloaded and transient.
bool retried(RefusalClass c);

struct Refusal {
  RefusalClass klass = RefusalClass::none;
  std::string code;                       // as the provider wrote it, bounded to 64 bytes
  std::string message;                    // bounded to 512 bytes, one line
  std::optional<Duration> wait;           // from retry-after-ms, Retry-After, x-ratelimit-reset*
  std::optional<WallTime> reset_at;       // quota: when it says it resets
};

/// Looks a header up by name (any case).
using HeaderLookup = std::function<std::optional<std::string_view>(std::string_view name)>;

/// `profile` names a table; unknown names use "generic". `body` may be anything; at most 64 KiB of it are looked at.
/// status 200 with an error envelope ({"error":…}, {"code":500,"success":false}) is classed too; none when it is no error.
Refusal classify(std::string_view profile, int status, std::string_view body, const HeaderLookup& header, WallTime now);
/// The same for the payload of an event that is an error for certain (`event: error`, an `error:` field), envelope or not.
Refusal classify_event(std::string_view profile, std::string_view payload, const HeaderLookup& header, WallTime now);

/// Full jitter: uniform in [0, min(cap, base * 2^n)], n = retries already made. `random` in [0,1).
Duration full_jitter(int n, double random, Duration base = std::chrono::milliseconds(500),
                     Duration cap = std::chrono::seconds(30));

/// The profile a host calls for: api.z.ai, open.bigmodel.cn -> zai; api.openai.com -> openai; api.anthropic.com -> anthropic;
/// openrouter.ai -> openrouter; else generic.
std::string_view profile_for_host(std::string_view host);
/// Start value of `concurrency: auto` (zai 1, others 2).
int initial_concurrency(std::string_view profile);
/// finish_reason values the profile maps (zai: sensitive -> content_filter); "" = no mapping.
std::string_view mapped_finish_reason(std::string_view profile, std::string_view reason);

}  // namespace siltgate::schedule
