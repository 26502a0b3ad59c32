// SPDX-License-Identifier: Apache-2.0
// Durations, sizes and counts as people write them: "30s", "1h30m", "64MiB", "1 request". Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate {

/// A count of bytes with a name, so that a bare integer never means a size.
struct Bytes {
  std::uint64_t count = 0;
  constexpr auto operator<=>(const Bytes&) const = default;
};

constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }

/// One or more of `<integer><unit>` with units d h m s ms us; "0" alone is zero. Nothing else, no sign.
/// Empty on anything else or beyond 365 days.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// `<integer><unit>` with units B KB MB GB KiB MiB GiB; "0" alone is zero. Empty on anything else or on overflow.
std::optional<Bytes> parse_bytes(std::string_view text);

/// The shortest exact spelling that parse_duration reads back: "1h30m", "250ms", "0s".
std::string format_duration(std::chrono::nanoseconds duration);

/// The shortest exact spelling that parse_bytes reads back: "64MiB", "1500B".
std::string format_bytes(Bytes bytes);

/// "1 request", "2 requests".
inline std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + ' ' + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace siltgate
