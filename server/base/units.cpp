// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace siltgate {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 6> duration_units{{{"d", 86'400'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000}}};
constexpr std::array<Unit, 7> byte_units{{{"GiB", 1ull << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ull << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ull << 10},
                                          {"KB", 1'000},
                                          {"B", 1}}};
constexpr std::uint64_t longest = 365ull * 86'400'000'000'000;

/// Takes `<integer><unit>` off the front of `text` and returns integer * factor, or nothing.
template <std::size_t N>
std::optional<std::uint64_t> take(std::string_view& text, const std::array<Unit, N>& units) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::size_t letters = 0;
  while (letters < text.size() && (text[letters] < '0' || text[letters] > '9')) ++letters;
  for (const Unit& unit : units) {
    if (text.substr(0, letters) != unit.name) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / unit.factor) return {};
    text.remove_prefix(letters);
    return number * unit.factor;
  }
  return {};
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::nanoseconds{0};
  if (text.empty()) return {};
  std::uint64_t total = 0;
  while (!text.empty()) {
    auto part = take(text, duration_units);
    if (!part || *part > longest) return {};
    total += *part;
    if (total > longest) return {};
  }
  return std::chrono::nanoseconds{static_cast<std::int64_t>(total)};
}

std::optional<Bytes> parse_bytes(std::string_view text) {
  if (text == "0") return Bytes{0};
  auto part = take(text, byte_units);
  if (!part || !text.empty()) return {};
  return Bytes{*part};
}

std::string format_duration(std::chrono::nanoseconds duration) {
  auto rest = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
  std::string out;
  for (const Unit& unit : duration_units) {
    if (rest < unit.factor) continue;
    out += std::to_string(rest / unit.factor);
    out += unit.name;
    rest %= unit.factor;
  }
  return out.empty() ? "0s" : out;
}

std::string format_bytes(Bytes bytes) {
  for (const Unit& unit : byte_units)
    if (unit.name.size() != 2 && bytes.count >= unit.factor && bytes.count % unit.factor == 0)
      return std::to_string(bytes.count / unit.factor) + std::string(unit.name);
  return "0B";
}

}  // namespace siltgate
