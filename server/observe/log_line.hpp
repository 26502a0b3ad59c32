// SPDX-License-Identifier: Apache-2.0
// One line of the log as values, and its spellings: logfmt, JSON, journal, terminal. Pure: no clock, no descriptor.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "observe/config.hpp"
#include "observe/record.hpp"

namespace siltgate::observe {

std::string_view to_string(Level level);

/// The fields behind ts, level and msg, in the order they are printed.
class Line {
 public:
  Line(Level level, std::string_view message) : level_(level), message_(message) { entries_.reserve(24); }

  Line& add(std::string_view name, std::string_view text) &;
  Line& add(std::string_view name, std::int64_t number) &;
  Line& add(std::string_view name, Duration time) &;   // in milliseconds, up to three decimals
  Line& add_count(std::string_view name, std::int64_t count) &;  // negative = not known: "-" or null

  struct Entry {
    std::string name;
    std::string text;
    bool quoted;       // a JSON string; else a number or null
  };
  Level level() const { return level_; }
  const std::string& message() const { return message_; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Level level_;
  std::string message_;
  std::vector<Entry> entries_;
};

/// How a line is spelt. `terminal` is for people: short time, optional colour.
enum class Spelling { logfmt, json, journal, terminal };

inline constexpr std::size_t longest_value = 1024;   // bytes of one value
inline constexpr std::size_t longest_line = 4096;    // bytes of a line with its LF: what a pipe takes whole (PIPE_BUF)

/// The line with its LF. Control characters in values never reach the output. Values beyond their bound end in "…"; fields
/// that would pass the line's bound are left out and `truncated=true` says so.
std::string spell(const Line& line, WallTime now, Spelling spelling, bool colour = false);

/// The one line of an exchange (contract, section 8), fields in this order: id verdict cause client peer provider key model
/// status attempts queue_ms connect_ms ttfb_ms total_ms own_ms events bytes_in bytes_out in_tokens out_tokens.
Line exchange_line(const ExchangeRecord& record);

/// A rejected, dropped, repaired or flagged event: id event offset check action reason read_boundary hex text.
Line finding_line(const Finding& finding, std::string_view id, std::span<const std::string> secrets);
/// The same excerpt for people, several lines (hexdump.hpp), secrets masked.
std::string dump_finding(const Finding& finding, std::span<const std::string> secrets);

}  // namespace siltgate::observe
