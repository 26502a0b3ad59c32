// SPDX-License-Identifier: Apache-2.0
// Times as providers write them in headers and sentences. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "schedule/refusal.hpp"

namespace siltgate::schedule {

/// How long the headers of an answer with this status ask to stay away; never negative, at most 31 days. First that is readable:
/// (1) retry-after-ms, milliseconds. (2) Retry-After, seconds or HTTP-date (RFC 9110, 10.2.3).
/// (3) of x-ratelimit-reset-{requests,tokens} and anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-reset the
///     latest whose `remaining` is 0, or without such, at a 429, the earliest that says no `remaining`: where something
///     remains, the reset tells when a bucket will be full and is no wish. (4) x-ratelimit-reset, likewise.
std::optional<Duration> wait_asked(const HeaderLookup& header, int status, WallTime now);

/// IMF-fixdate, RFC 850 or asctime (RFC 9110, 5.6.7).
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);
/// `YYYY-MM-DD` `T` or space `HH:MM:SS`, anywhere in the text, with Z or ±HH:MM behind it, else in the zone `offset`.
std::optional<WallTime> find_date_time(std::string_view text, std::chrono::hours offset);
/// A point in time, as a wait, never negative, at most 31 days: a duration as below, a date with time (UTC unless it says
/// otherwise) or a number: under 10^9 a wait in seconds, under 10^12 seconds since 1970, else milliseconds.
std::optional<Duration> parse_reset(std::string_view text, WallTime now);
/// "6m0s", "1.5s", "20ms", "1h2m3s", "2d"; a bare number is seconds.
std::optional<Duration> parse_reset_duration(std::string_view text);

}  // namespace siltgate::schedule
