// SPDX-License-Identifier: Apache-2.0
#include "observe/status_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.hpp"
#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

constexpr std::size_t columns = 9;
using Row = std::array<std::string, columns>;

std::string shorten(const std::string& text) { return text.empty() ? "-" : visible(text, 40); }

Row key_row(const KeyRow& k) {
  Row row;
  row[0] = shorten(k.provider + "/" + (k.key.empty() ? "-" : k.key));
  row[1] = shorten(k.model);
  row[2] = k.cap > 0 ? fmt::format("{}/{}{}", k.in_flight, k.cap, k.automatic ? " auto" : "") : fmt::format("{}", k.in_flight);
  row[3] = fmt::format("{}", k.waiting);
  row[4] = k.waiting ? short_duration(k.oldest_wait) : "-";
  row[5] = fmt::format("{}", k.refusals);
  row[6] = fmt::format("{}", k.damaged);
  row[7] = k.ttft_p50 ? short_duration(*k.ttft_p50) + "/" + short_duration(k.ttft_p95.value_or(*k.ttft_p50)) : "-";
  row[8] = k.tokens_per_second ? fmt::format("{:.1f}", *k.tokens_per_second) : "-";
  return row;
}

/// Code points, good enough for names of keys and models.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string format_rows(const std::vector<Row>& rows, bool colour) {
  std::array<std::size_t, columns> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string pad(widths[i] - width(rows[r][i]), ' ');
      const std::string gap = i ? "  " : "";
      line += gap + (i < 2 ? rows[r][i] + pad : pad + rows[r][i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += r == 0 && colour ? "\x1b[1m" + line + "\x1b[0m\n" : line + "\n";
  }
  return out;
}

/// Its line breaks stay: messages and their excerpts.
std::string visible_lines(std::string_view text, std::size_t most) {
  std::string out;
  text = text.substr(0, most);
  while (text.ends_with('\n')) text.remove_suffix(1);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += (out.empty() ? "" : "\n") + visible(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void add_warnings(const State& s, bool colour, std::string& out) {
  const auto warn = [&](const std::string& text) { out += colour ? "\x1b[33m" + text + "\x1b[0m\n" : text + "\n"; };
  if (s.draining) warn("draining: no new work is taken");
  if (!s.last_reload_error.empty()) warn("the last reload was refused: " + visible_lines(s.last_reload_error, 4096));
  if (!s.capture_stopped.empty()) warn(visible(s.capture_stopped, 512));
  if (!s.bottleneck.empty()) warn(visible(s.bottleneck, 512));
  for (const KeyRow& key : s.keys)
    if (key.held)
      warn(fmt::format("{}/{} {} is held for {}: {}", key.provider, key.key, shorten(key.model), short_duration(*key.held),
                       visible(key.held_reason, 256)));
}

/// One line, and one per instance where there are several.
std::string shared_lines(const SharedState& g) {
  const std::string others = counted(static_cast<std::uint64_t>(g.parts), "instance");
  if (!g.trouble.empty()) {
    const std::string what = g.mode == "refusing" ? "requests are refused" : g.parts > 1 ? fmt::format("1/{} of the caps is kept", g.parts) : "caps are this instance's own";
    return fmt::format("shared: {} is down for {} ({}); {}\n", g.redis, short_duration(g.since), visible(g.trouble, 256), what);
  }
  std::string out = fmt::format("shared: {}, {}{}\n", g.redis, others, g.settling ? "; waits until all had time to come back" : "");
  for (const InstanceRow& i : g.instances)
    out += fmt::format("  {}{}: {} in flight, {} waiting\n", visible(i.name, 64), i.self ? " (this one)" : "", i.in_flight, i.waiting);
  return out;
}

/// Who is silent, and whether the way there is to blame.
std::string live_line(const LiveRow& l) {
  std::string out = fmt::format("  {} {} {} for {}, {} events, silent for {}", l.id, shorten(l.model), l.phase, short_duration(l.age), l.events,
                                short_duration(l.silence));
  if (!l.path_words.empty()) out += "; path " + visible(l.path_words, 200);
  return out + "\n";
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

std::string short_duration(Duration duration) {
  const long long ms = std::max<long long>(0, to_ms(duration));
  if (ms < 1000) return fmt::format("{}ms", ms);
  const long long s = ms / 1000;
  if (s < 10) return fmt::format("{}.{}s", s, ms % 1000 / 100);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d{}h", s / 86400, s % 86400 / 3600);
}

std::string status_table(const State& s, bool colour) {
  std::string out = fmt::format("siltgate {}, up {}, listening on {}\n", s.version, short_duration(s.uptime), join(s.listen));
  for (const ProviderRow& p : s.providers)
    out += fmt::format("provider {}{}: {} (profile {})\n", p.name, p.is_default ? " (default)" : "", p.base_url, p.profile);
  if (s.shared) out += shared_lines(*s.shared);
  add_warnings(s, colour, out);
  out += "\n";
  if (s.keys.empty()) return out + "no request has come yet\n";
  std::vector<Row> rows{{"KEY", "MODEL", "IN FLIGHT", "WAITING", "OLDEST", "REFUSED", "DAMAGED", "TTFT p50/p95", "TOK/S"}};
  for (const KeyRow& key : s.keys) rows.push_back(key_row(key));
  out += format_rows(rows, colour);
  if (!s.live.empty()) out += "\nunder way\n";
  for (const LiveRow& l : s.live) out += live_line(l);
  if (!s.waiting.empty()) out += "\nwaiting\n";
  for (const WaitingRow& w : s.waiting)
    out += fmt::format("  {}. {} {} {} for {}\n", w.position, w.id, shorten(w.model), w.schedule_class, short_duration(w.waited));
  return out;
}

std::string status_line(const State& s) {
  std::uint64_t refusals = 0, damaged = 0;
  int cap = 0;
  bool capped = !s.keys.empty();
  Duration oldest{0};
  for (const KeyRow& key : s.keys) {
    refusals += key.refusals;
    damaged += key.damaged;
    cap += key.cap;
    capped = capped && key.cap > 0;
    oldest = std::max(oldest, key.oldest_wait);
  }
  std::string out = fmt::format("siltgate {}{} in flight, {} waiting", s.in_flight,
                                capped ? fmt::format("/{}", cap) : "", s.waiting_total);
  if (s.waiting_total) out += " " + short_duration(oldest);
  out += fmt::format(", {} refused, {} damaged", refusals, damaged);
  if (s.shared && !s.shared->trouble.empty()) out += ", Redis down";
  return s.draining ? out + ", draining" : out;
}

}  // namespace siltgate::observe
