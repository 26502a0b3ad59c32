// SPDX-License-Identifier: Apache-2.0
#include "observe/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "observe/hexdump.hpp"
#include "observe/record_json.hpp"
#include "observe/redact.hpp"
#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

/// 12.5 -> "12.5", 12 -> "12".
std::string milliseconds(Duration d) {
  const long long us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  const long long size = std::llabs(us);
  std::string out = us < 0 ? "-" : "";
  out += std::to_string(size / 1000);
  if (const auto rest = static_cast<int>(size % 1000); rest > 0) {
    const char digits[] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    out.append(digits, rest % 100 == 0 ? 2 : rest % 10 == 0 ? 3 : 4);
  }
  return out;
}

/// A logfmt value: bare when it is one plain word.
void add_logfmt_value(std::string& out, std::string_view text) {
  const std::string shown = visible(text, longest_value);
  const auto needs_quotes = [](char c) { return c == ' ' || c == '"' || c == '=' || c == '\\'; };
  if (!shown.empty() && std::none_of(shown.begin(), shown.end(), needs_quotes)) {
    out += shown;
    return;
  }
  out += '"';
  for (char c : shown) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

std::string_view level_colour(Level level) {
  constexpr std::string_view colours[] = {"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m"};
  return colours[static_cast<int>(level)];
}

/// Levels of syslog(3): debug 7, info 6, warning 4, error 3.
int syslog_level(Level level) {
  constexpr int levels[] = {7, 6, 4, 3};
  return levels[static_cast<int>(level)];
}

std::string head(const Line& line, WallTime now, Spelling spelling, bool colour) {
  const std::string time = iso8601(now);
  std::string out;
  out.reserve(512);
  if (spelling != Spelling::terminal) {
    if (spelling == Spelling::journal) out.append("<").append(1, static_cast<char>('0' + syslog_level(line.level()))).append(">");
    out.append("ts=").append(time).append(" level=").append(to_string(line.level())).append(" msg=");
    add_logfmt_value(out, line.message());
    return out;
  }
  const std::string message = visible(line.message(), longest_value);
  const std::string_view clock = std::string_view(time).substr(11, 12);
  if (!colour) return fmt::format("{} {:<5} {}", clock, to_string(line.level()), message);
  return fmt::format("\x1b[2m{}\x1b[0m {}{:<5}\x1b[0m {}", clock, level_colour(line.level()), to_string(line.level()), message);
}

std::string spell_text(const Line& line, WallTime now, Spelling spelling, bool colour) {
  constexpr std::string_view cut = " truncated=true";
  std::string out = head(line, now, spelling, colour);
  for (const Line::Entry& entry : line.entries()) {
    const std::size_t before = out.size();
    out.append(colour ? " \x1b[2m" : " ").append(entry.name).append(colour ? "=\x1b[0m" : "=");
    if (entry.quoted) add_logfmt_value(out, entry.text);
    else out += entry.text == "null" ? "-" : entry.text;
    if (out.size() + cut.size() + 1 > longest_line) {
      out.resize(before);
      out += cut;
      break;
    }
  }
  return out += "\n";
}

/// A JSON string; valid UTF-8, no control characters, no steering marks.
std::string json_string(std::string_view text) {
  return nlohmann::json(visible(text, longest_value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string spell_json(const Line& line, WallTime now) {
  constexpr std::string_view cut = ",\"truncated\":true";
  std::string out = fmt::format("{{\"ts\":\"{}\",\"level\":\"{}\",\"msg\":{}", iso8601(now), to_string(line.level()),
                                json_string(line.message()));
  for (const Line::Entry& entry : line.entries()) {
    const std::string member = fmt::format(",\"{}\":{}", entry.name, entry.quoted ? json_string(entry.text) : entry.text);
    if (out.size() + member.size() + cut.size() + 2 > longest_line) {
      out += cut;
      break;
    }
    out += member;
  }
  return out + "}\n";
}

Duration between(TimePoint from, TimePoint to) {
  return from == TimePoint{} || to == TimePoint{} || to < from ? Duration{0} : to - from;
}

Level level_of(const ExchangeRecord& record) {
  if (record.failure && record.failure->cause == Cause::bug) return Level::error;
  return record.verdict.blame == Blame::intact || record.verdict.blame == Blame::client ? Level::info : Level::warn;
}

}  // namespace

std::string_view to_string(Level level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<int>(level)];
}

Line& Line::add(std::string_view name, std::string_view text) & {
  entries_.push_back({std::string(name), std::string(text.substr(0, 2 * longest_value)), true});
  return *this;
}

Line& Line::add(std::string_view name, std::int64_t number) & {
  entries_.push_back({std::string(name), std::to_string(number), false});
  return *this;
}

Line& Line::add(std::string_view name, Duration time) & {
  entries_.push_back({std::string(name), milliseconds(time), false});
  return *this;
}

Line& Line::add_count(std::string_view name, std::int64_t count) & {
  entries_.push_back({std::string(name), count < 0 ? "null" : std::to_string(count), false});
  return *this;
}

std::string spell(const Line& line, WallTime now, Spelling spelling, bool colour) {
  return spelling == Spelling::json ? spell_json(line, now) : spell_text(line, now, spelling, colour);
}

Line exchange_line(const ExchangeRecord& r) {
  // 128 bytes each, so that no peer can push the numbers behind them out of the line.
  const auto word = [](const std::string& text) { return text.empty() ? std::string("-") : visible(redact(text), 128); };
  Line line(level_of(r), "exchange");
  line.add("id", r.id).add("verdict", to_string(r.verdict.blame)).add("cause", word(r.verdict.cause));
  line.add("client", word(r.client)).add("peer", word(r.peer)).add("provider", word(r.provider));
  line.add("key", word(r.key)).add("model", word(r.model)).add("status", std::int64_t{r.status});
  line.add("attempts", static_cast<std::int64_t>(r.attempts.size())).add("queue_ms", r.queued);
  line.add("connect_ms", between(r.admitted, r.connected)).add("ttfb_ms", between(r.connected, r.first_byte));
  line.add("total_ms", between(r.accepted, r.ended)).add("own_ms", r.own);
  line.add("events", static_cast<std::int64_t>(r.events)).add("bytes_in", static_cast<std::int64_t>(r.bytes_in));
  line.add("bytes_out", static_cast<std::int64_t>(r.bytes_out));
  line.add_count("in_tokens", r.in_tokens).add_count("out_tokens", r.out_tokens);
  return line;
}

Line finding_line(const Finding& finding, std::string_view id, std::span<const std::string> secrets) {
  constexpr std::string_view done[] = {"event passed", "event flagged", "event repaired", "event dropped", "event rejected"};
  const std::string bytes = mask(finding.excerpt, secrets);
  Line line(Level::debug, done[static_cast<int>(finding.action)]);
  line.add("id", id).add("event", static_cast<std::int64_t>(finding.event));
  line.add("offset", static_cast<std::int64_t>(finding.offset)).add("check", to_string(finding.check));
  line.add("action", to_string(finding.action)).add("reason", redact(finding.reason, secrets));
  line.add("read_boundary", finding.at_read_boundary ? "yes" : "no");
  line.add("hex", hex_bytes(bytes)).add("text", printable(bytes));
  return line;
}

std::string dump_finding(const Finding& finding, std::span<const std::string> secrets) {
  return hexdump(mask(finding.excerpt, secrets), finding.excerpt_offset, finding.offset);
}

}  // namespace siltgate::observe
