// SPDX-License-Identifier: Apache-2.0
#include "observe/explain.hpp"

#include <fmt/format.h>

#include "observe/hexdump.hpp"
#include "observe/judge_steps.hpp"
#include "observe/record_json.hpp"
#include "observe/redact.hpp"
#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

using Secrets = std::span<const std::string>;

std::string safe(std::string_view text, Secrets secrets) { return visible(redact(text, secrets), 2048); }

std::string_view colour_of(Blame blame) {
  switch (blame) {
    case Blame::intact: return "\x1b[1;32m";
    case Blame::unknown: return "\x1b[1;33m";
    default: return "\x1b[1;31m";
  }
}

struct Page {
  bool colour;
  Secrets secrets;
  std::string text;

  std::string safe(std::string_view words) const { return observe::safe(words, secrets); }

  void title(std::string_view words) {
    text += colour ? fmt::format("\n\x1b[1m{}\x1b[0m\n", words) : fmt::format("\n{}\n", words);
  }
  void line(const std::string& words) { text += "  " + words + "\n"; }
};

void add_request(const ExchangeRecord& r, Page& page) {
  page.title("Exchange");
  page.line(fmt::format("{}  {}", r.id, iso8601(r.started_at)));
  page.line(page.safe(fmt::format("{} {} from {} ({})", r.method, r.target, r.client.empty() ? "-" : r.client, r.peer)));
  page.line(page.safe(fmt::format("provider {}, key {}, model {}, status {}", r.provider.empty() ? "-" : r.provider,
                             r.key.empty() ? "-" : r.key, r.model.empty() ? "-" : r.model, r.status)));
}

void add_time(const ExchangeRecord& r, std::string_view name, TimePoint time, Page& page) {
  if (time != TimePoint{}) page.line(fmt::format("{:>9} ms  {}", to_ms(time - r.accepted), name));
}

void add_timeline(const ExchangeRecord& r, Page& page) {
  page.title("Timeline (since the request was accepted)");
  add_time(r, "accepted", r.accepted, page);
  if (r.queued > Duration{0}) page.line(fmt::format("{:>9} ms  of it queued or backing off", to_ms(r.queued)));
  add_time(r, "let through", r.admitted, page);
  add_time(r, "connected to the provider", r.connected, page);
  add_time(r, "first byte from the provider", r.first_byte, page);
  add_time(r, "first event delivered", r.first_event, page);
  add_time(r, "last byte from the provider", r.last_byte_in, page);
  add_time(r, "last byte to the client", r.last_byte_out, page);
  add_time(r, "ended", r.ended, page);
  if (r.longest_gap > Duration{0}) page.line(fmt::format("longest silence inside the answer: {} ms", to_ms(r.longest_gap)));
}

std::string attempt_line(const Attempt& a, std::size_t number) {
  std::string line = fmt::format("{}. ", number);
  line += a.status ? fmt::format("status {}", a.status) : "no answer";
  if (!a.refusal.empty()) line += fmt::format(", refused: {}{}{}", a.refusal, a.code.empty() ? "" : " ", a.code);
  if (a.failure) line += fmt::format(", {} in {}", to_string(a.failure->cause), to_string(a.failure->phase));
  if (a.failure && !a.failure->detail.empty()) line += ": " + a.failure->detail;
  if (const std::string said = a.failure ? steps::untold(*a.failure) : ""; !said.empty()) line += " (" + said + ")";
  if (a.reused) line += ", on a kept-alive connection";
  if (a.resent_after) line += fmt::format(", on a fresh connection, as the kept-alive one turned out to be dead after {} ms", to_ms(*a.resent_after));
  if (a.admitted != TimePoint{} && a.ended > a.admitted) line += fmt::format(", took {} ms", to_ms(a.ended - a.admitted));
  if (a.back_off > Duration{0}) line += fmt::format(", then waited {} ms", to_ms(a.back_off));
  return line;
}

void add_finding(const Finding& f, Page& page) {
  page.line(page.safe(fmt::format("{} ({}) event {} offset {}: {}{}", to_string(f.check), to_string(f.action), f.event, f.offset,
                             f.reason, f.at_read_boundary ? " [a network read ended there]" : "")));
  if (f.excerpt.empty()) return;
  std::string dump = hexdump(mask(f.excerpt, page.secrets), f.excerpt_offset, f.offset);
  for (std::size_t at = 0, end; at < dump.size(); at = end + 1) {
    end = dump.find('\n', at);
    page.line("  " + dump.substr(at, end - at));
  }
}

}  // namespace

std::string headline(const ExchangeRecord& record) {
  const Verdict& v = record.verdict;
  const std::string certainty =
      v.certainty == Certainty::certain ? "" : fmt::format(" ({})", to_string(v.certainty));
  return safe(fmt::format("{}{}: {}", to_string(v.blame), certainty, v.summary.empty() ? v.cause : v.summary), {});
}

std::string explain(const ExchangeRecord& record, bool colour, Secrets secrets) {
  Page page{colour, secrets, {}};
  const Verdict& v = record.verdict;
  const std::string first = page.safe(headline(record));
  page.text = colour ? fmt::format("{}{}\x1b[0m\n", colour_of(v.blame), first) : first + "\n";
  page.title("Facts");
  page.line(fmt::format("cause: {}, certainty: {}", page.safe(v.cause), to_string(v.certainty)));
  for (const std::string& fact : v.facts) page.line("- " + page.safe(fact));
  add_request(record, page);
  add_timeline(record, page);
  if (!record.attempts.empty()) page.title("Attempts");
  for (std::size_t i = 0; i < record.attempts.size(); ++i) page.line(page.safe(attempt_line(record.attempts[i], i + 1)));
  if (!record.findings.empty()) page.title("Findings");
  for (const Finding& finding : record.findings) add_finding(finding, page);
  if (!v.advice.empty()) {
    page.title("What you can do");
    page.line(page.safe(v.advice));
  }
  return page.text;
}

}  // namespace siltgate::observe
