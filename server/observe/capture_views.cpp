// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_views.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "observe/explain.hpp"
#include "observe/hexdump.hpp"
#include "observe/record_json.hpp"
#include "observe/sha256.hpp"
#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

constexpr std::size_t around = 128;   // bytes shown before and behind a fault

std::string head_text(const std::string& first_line, const HeadFields& fields) {
  std::string out = visible(first_line) + "\n";
  for (const auto& [name, value] : fields) out += visible(name) + ": " + visible(value) + "\n";
  return out;
}

std::string response_text(const CapturedHead& head) {
  return head_text(fmt::format("{} {} {}", head.version, head.status, head.reason), head.fields);
}

/// A window of `bytes` around `at`, dumped with a mark under it.
std::string dump_around(std::string_view bytes, std::size_t at) {
  const std::size_t from = at > around ? at - around : 0;
  return hexdump(bytes.substr(from, 2 * around), from, at);
}

std::string how(const CapturedAttempt& attempt) { return attempt.how.empty() ? "not recorded" : attempt.how; }


std::string attempt_line(const CapturedAttempt& attempt) {
  std::uint64_t bytes = 0;
  for (const CapturedRead& read : attempt.reads) bytes += read.bytes.size();
  return fmt::format("  {}. {}, {}, {}, ended: {}\n", attempt.number, attempt.head ? fmt::format("status {}", attempt.head->status) : "no response head",
                     counted(attempt.reads.size(), "read"), counted(bytes, "byte"), how(attempt));
}

}  // namespace

const Finding* decisive_finding(const Capture& capture, const CapturedAttempt& attempt) {
  const Finding* best = nullptr;
  for (const Finding& finding : capture.findings)
    if (finding.attempt == attempt.number && (!best || finding.action > best->action)) best = &finding;
  return best;
}

std::string view_overview(const Capture& capture) {
  std::string out = capture.record ? headline(*capture.record) + "\n" : "no verdict: siltgate ended before the exchange did\n";
  out += fmt::format("{}  {}\n{} {} -> {}\n", capture.id, iso8601(capture.started_at), capture.method, visible(capture.target),
                     capture.url.empty() ? "refused by siltgate itself" : visible(capture.url));
  out += fmt::format("request: {} bytes, SHA-256 {}, {}\n", capture.request_bytes, capture.request_sha256,
                     capture.request_body ? "recorded" : "not recorded (capture mode all records requests)");
  out += "attempts:\n";
  for (const CapturedAttempt& attempt : capture.attempts) out += attempt_line(attempt);
  out += fmt::format("delivered: {} in {}\n", counted(capture.delivered(true).size(), "byte"), counted(capture.deliveries.size(), "write"));
  if (!capture.complete)
    out += "this capture is not complete: it grew over a quarter of capture.max_total, or siltgate ended before the exchange did\n";
  if (capture.masked > 0) out += fmt::format("{} bytes are masked because they looked like credentials\n", capture.masked);
  return out + fmt::format("\nsiltgate show {} --events | --hex | --chat | --headers | --diff | --raw\n", capture.id);
}

std::optional<std::string> view_hex(const Capture& capture, const CapturedAttempt& attempt, std::uint64_t number) {
  const std::string body = attempt.body();
  if (number > 0) {
    for (const CapturedEvent& event : events_of(attempt))
      if (event.number == number) return hexdump(event.bytes, event.offset);
    return {};
  }
  const Finding* fault = decisive_finding(capture, attempt);
  const std::size_t at = fault ? static_cast<std::size_t>(std::min<std::uint64_t>(fault->offset, body.size())) : body.size();
  std::string what = fmt::format("no finding; the end of the {} bytes received ({})\n", body.size(), how(attempt));
  if (fault)
    what = fmt::format("{} in event {} at byte {}: {}\n", to_string(fault->check), fault->event, fault->offset, visible(fault->reason, 512));
  return what + dump_around(body, at);
}

std::string view_headers(const Capture& capture) {
  std::string out = "--- request of the client\n" + head_text(capture.method + " " + capture.target, capture.fields);
  for (const CapturedAttempt& attempt : capture.attempts)
    if (attempt.head) out += fmt::format("--- response of the provider, attempt {}\n", attempt.number) + response_text(*attempt.head);
  if (capture.reply) out += "--- response to the client\n" + response_text(*capture.reply);
  return out;
}

std::string view_diff(const Capture& capture, const CapturedAttempt& attempt) {
  const std::string in = attempt.body(), out = capture.delivered(false);
  std::string text = fmt::format("received   {} bytes, SHA-256 {}\ndelivered  {} bytes, SHA-256 {}\n", in.size(), sha256_hex(in), out.size(), sha256_hex(out));
  const std::size_t all = std::min(in.size(), out.size());
  const auto at = static_cast<std::size_t>(std::mismatch(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(all), out.begin()).first - in.begin());
  if (in == out) text += "equal\n";
  else if (at == out.size())
    text += fmt::format("equal up to byte {}; the last {} bytes received were not delivered:\n{}", at, in.size() - at, dump_around(in, at));
  else if (at == in.size()) text += fmt::format("equal up to byte {}; more was delivered than received:\n{}", at, dump_around(out, at));
  else text += fmt::format("they part at byte {}\nreceived:\n{}delivered:\n{}", at, dump_around(in, at), dump_around(out, at));
  for (const CapturedDelivery& delivery : capture.deliveries)
    if (delivery.own) text += fmt::format("siltgate's own, {:.1f} ms: {}\n", static_cast<double>(delivery.ns) / 1e6, visible(delivery.bytes, 1024));
  return text;
}

}  // namespace siltgate::observe
