// SPDX-License-Identifier: Apache-2.0
#include "schedule/refusal_wait.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace siltgate::schedule {

namespace {

using std::chrono::seconds;
constexpr Duration longest = std::chrono::hours(24 * 31);

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits with an optional fraction at the front of `text`, as millionths; removes them. At most 15 digits count.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t whole = 0;
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (at > 12) return std::nullopt;
    whole = whole * 10 + (text[at] - '0');
  }
  if (at == 0) return std::nullopt;
  std::int64_t millionths = 0, scale = 100'000;
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && is_digit(text[at]); ++at, scale /= 10) millionths += (text[at] - '0') * scale;
  text.remove_prefix(at);
  if (whole > 9'000'000'000'000) return std::nullopt;
  return whole * 1'000'000 + millionths;
}

Duration bounded(Duration d) { return std::clamp(d, Duration{0}, longest); }

/// `millionths` of a unit, bounded before it can overflow.
Duration scaled(std::int64_t millionths, std::int64_t unit_us) {
  const long double us = static_cast<long double>(millionths) * static_cast<long double>(unit_us) / 1e6L;
  const auto most = std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
  return std::chrono::microseconds(us > static_cast<long double>(most) ? most : static_cast<std::int64_t>(us));
}

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<WallTime> wall_time(int y, int mo, int d, int h, int mi, int s) {
  using namespace std::chrono;
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok() || y < 1970 || y > 2200 || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return WallTime{sys_days(date)} + hours(h) + minutes(mi) + seconds(s);
}

std::optional<int> month_named(std::string_view text) {
  constexpr std::string_view all = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto at = text.size() == 3 ? all.find(text) : std::string_view::npos;
  if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
  return static_cast<int>(at / 3) + 1;
}

/// `HH:MM:SS` at `at`.
std::optional<std::array<int, 3>> clock_at(std::string_view text, std::size_t at) {
  const auto h = number_at(text, at, 2), m = number_at(text, at + 3, 2), s = number_at(text, at + 6, 2);
  if (!h || !m || !s || text[at + 2] != ':' || text[at + 5] != ':') return std::nullopt;
  return std::array<int, 3>{*h, *m, *s};
}

}  // namespace

std::optional<Duration> parse_reset(std::string_view text, WallTime now) {
  text = trimmed(text);
  std::string_view rest = text;
  if (const auto number = take_number(rest); number && rest.empty()) {
    const std::int64_t whole = *number / 1'000'000;
    if (whole < 1'000'000'000) return scaled(*number, 1'000'000);
    const auto since_1970 = whole < 1'000'000'000'000 ? std::chrono::milliseconds(*number / 1000) : std::chrono::milliseconds(whole);
    return bounded(WallTime{since_1970} - now);
  }
  if (const auto d = parse_reset_duration(text)) return d;
  if (const auto at = find_date_time(text, std::chrono::hours(0))) return bounded(*at - now);
  return std::nullopt;
}

std::optional<Duration> parse_reset_duration(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  Duration sum{0};
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    std::int64_t unit = 1'000'000;  // in microseconds
    if (text.starts_with("ms")) unit = 1'000, text.remove_prefix(2);
    else if (text.starts_with("us")) unit = 1, text.remove_prefix(2);
    else if (text.starts_with("s")) text.remove_prefix(1);
    else if (text.starts_with("m")) unit = 60'000'000, text.remove_prefix(1);
    else if (text.starts_with("h")) unit = 3'600'000'000, text.remove_prefix(1);
    else if (text.starts_with("d")) unit = 86'400'000'000, text.remove_prefix(1);
    else if (!text.empty()) return std::nullopt;
    sum = bounded(sum + scaled(*number, unit));
  }
  return sum;
}

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  text = trimmed(text);
  const auto comma = text.find(',');
  if (comma == 3 && text.size() == 29) {  // Sun, 06 Nov 1994 08:49:37 GMT
    const auto d = number_at(text, 5, 2), mo = month_named(text.substr(8, 3)), y = number_at(text, 12, 4);
    const auto c = clock_at(text, 17);
    if (!d || !mo || !y || !c || !text.ends_with("GMT")) return std::nullopt;
    return wall_time(*y, *mo, *d, (*c)[0], (*c)[1], (*c)[2]);
  }
  if (comma != std::string_view::npos) {  // Sunday, 06-Nov-94 08:49:37 GMT
    const auto rest = text.substr(comma + 1);
    if (rest.size() != 23 || !rest.ends_with("GMT")) return std::nullopt;
    const auto d = number_at(rest, 1, 2), mo = month_named(rest.substr(4, 3)), y = number_at(rest, 8, 2);
    const auto c = clock_at(rest, 11);
    if (!d || !mo || !y || !c) return std::nullopt;
    auto when = wall_time(2000 + *y, *mo, *d, (*c)[0], (*c)[1], (*c)[2]);
    // More than 50 years ahead means the past century.
    if (when && *when > now + std::chrono::years(50)) when = wall_time(1900 + *y, *mo, *d, (*c)[0], (*c)[1], (*c)[2]);
    return when;
  }
  if (text.size() != 24) return std::nullopt;  // Sun Nov  6 08:49:37 1994
  const auto mo = month_named(text.substr(4, 3)), y = number_at(text, 20, 4);
  const auto d = text[8] == ' ' ? number_at(text, 9, 1) : number_at(text, 8, 2);
  const auto c = clock_at(text, 11);
  if (!d || !mo || !y || !c) return std::nullopt;
  return wall_time(*y, *mo, *d, (*c)[0], (*c)[1], (*c)[2]);
}

std::optional<WallTime> find_date_time(std::string_view text, std::chrono::hours offset) {
  for (std::size_t at = 0; at + 19 <= text.size(); ++at) {
    const auto y = number_at(text, at, 4), mo = number_at(text, at + 5, 2), d = number_at(text, at + 8, 2);
    if (!y || !mo || !d || text[at + 4] != '-' || text[at + 7] != '-') continue;
    if (text[at + 10] != ' ' && text[at + 10] != 'T') continue;
    const auto c = clock_at(text, at + 11);
    if (!c) continue;
    const auto when = wall_time(*y, *mo, *d, (*c)[0], (*c)[1], (*c)[2]);
    if (!when) continue;
    std::size_t zone = at + 19;
    if (zone < text.size() && text[zone] == '.')
      for (++zone; zone < text.size() && is_digit(text[zone]);) ++zone;
    if (zone < text.size() && text[zone] == 'Z') return when;
    if (zone + 6 <= text.size() && (text[zone] == '+' || text[zone] == '-')) {
      const auto h = number_at(text, zone + 1, 2), m = number_at(text, zone + 4, 2);
      const auto shift = std::chrono::hours(h.value_or(0)) + std::chrono::minutes(m.value_or(0));
      if (h && m && text[zone + 3] == ':') return text[zone] == '+' ? *when - shift : *when + shift;
    }
    return *when - offset;
  }
  return std::nullopt;
}

/// The wait until the reset named `reset`, when the bucket with it is what refused: nothing remains in it, or a 429 does not say.
static std::optional<Duration> reset_of(const HeaderLookup& header, int status, const std::string& reset,
                                        const std::string& remaining, WallTime now) {
  const auto text = header(reset);
  if (!text) return std::nullopt;
  const auto left = header(remaining);
  const bool counts = left ? trimmed(*left) == "0" : status == 429;
  return counts ? parse_reset(*text, now) : std::nullopt;
}

std::optional<Duration> wait_asked(const HeaderLookup& header, int status, WallTime now) {
  if (!header) return std::nullopt;
  if (const auto text = header("retry-after-ms")) {  // (1)
    std::string_view rest = trimmed(*text);
    if (const auto number = take_number(rest); number && rest.empty()) return scaled(*number, 1'000);
  }
  if (const auto text = header("retry-after")) {  // (2)
    std::string_view rest = trimmed(*text);
    if (const auto number = take_number(rest); number && rest.empty()) return scaled(*number, 1'000'000);
    if (const auto at = parse_http_date(*text, now)) return bounded(*at - now);
  }
  std::optional<Duration> latest_empty, earliest;  // (3)
  const auto look = [&](const std::string& reset, const std::string& remaining) {
    const auto wait = reset_of(header, status, reset, remaining, now);
    if (!wait) return;
    earliest = std::min(earliest.value_or(*wait), *wait);
    if (header(remaining)) latest_empty = std::max(latest_empty.value_or(*wait), *wait);
  };
  for (const char* what : {"requests", "tokens"})
    look(std::string("x-ratelimit-reset-") + what, std::string("x-ratelimit-remaining-") + what);
  for (const char* what : {"requests", "tokens", "input-tokens", "output-tokens"}) {
    const std::string name = std::string("anthropic-ratelimit-") + what;
    look(name + "-reset", name + "-remaining");
  }
  if (latest_empty) return latest_empty;
  if (earliest) return earliest;
  return reset_of(header, status, "x-ratelimit-reset", "x-ratelimit-remaining", now);  // (4)
}

}  // namespace siltgate::schedule
