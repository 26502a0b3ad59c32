// SPDX-License-Identifier: Apache-2.0
// The events of a captured body: cut by the splitter of the stream checks, so that numbers and offsets agree with findings.
#include <fmt/format.h>

#include "observe/capture_views.hpp"
#include "observe/visible.hpp"
#include "stream/event_splitter.hpp"
#include "stream/sse_field.hpp"

namespace siltgate::observe {
namespace {

using Kind = stream::EventSplitter::Kind;

/// True when it has data: only such events are counted.
bool read_fields(CapturedEvent& event) {
  stream::FieldReader reader(event.bytes);
  bool has_data = false;
  for (stream::Field field; reader.next(field);) {
    if (field.kind == stream::FieldKind::event) event.name = field.value;
    if (field.kind != stream::FieldKind::data) continue;
    if (has_data) event.data += '\n';
    event.data += field.value;
    has_data = true;
  }
  return has_data;
}

std::int64_t time_of(const CapturedAttempt& attempt, std::uint64_t end) {
  for (const CapturedRead& read : attempt.reads)
    if (read.offset + read.bytes.size() >= end) return read.ns;
  return attempt.end_ns;
}

std::string findings_of(const Capture& capture, const CapturedAttempt& attempt, std::uint64_t number) {
  std::string out;
  for (const Finding& f : capture.findings)
    if (f.attempt == attempt.number && f.event == number && number > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", to_string(f.check), to_string(f.action));
  return out.empty() ? "ok" : out;
}

/// The part in which one chunk differs from the next.
std::string telling_part(const std::string& data) {
  const auto delta = data.find("\"delta\":");
  return data.size() <= 160 || delta == std::string::npos ? data : "… " + data.substr(delta);
}

std::string event_line(const Capture& capture, const CapturedAttempt& attempt, const CapturedEvent& event) {
  const std::string number = event.number > 0 ? std::to_string(event.number) : "-";
  const std::string what = event.comment ? "comment" : event.number == 0 ? "no data" : findings_of(capture, attempt, event.number);
  const std::string shown = event.comment || event.data.empty() ? event.bytes : telling_part(event.data);
  return fmt::format("{:>6} {:>10.1f} {:>9} {:>7}  {:<18} {}{}\n", number, static_cast<double>(event.ns) / 1e6, event.offset,
                     event.bytes.size(), what + (event.open ? " (cut)" : ""), event.name.empty() ? "" : visible(event.name, 40) + ": ",
                     visible(shown, 160));
}

}  // namespace

std::vector<CapturedEvent> events_of(const CapturedAttempt& attempt) {
  const std::string body = attempt.body();
  std::vector<CapturedEvent> out;
  stream::EventSplitter splitter;
  splitter.begin(body);
  std::uint64_t counted = 0;
  for (std::size_t at = 0; at < body.size();) {
    const auto piece = splitter.next();
    CapturedEvent event;
    event.offset = at;
    event.bytes = body.substr(at, piece.end - at);
    event.comment = piece.kind == Kind::between;
    event.open = piece.kind == Kind::open;
    event.ns = time_of(attempt, piece.end);
    at = piece.end;
    if (event.comment && event.bytes.find_first_not_of("\r\n") == std::string::npos) continue;
    if (!event.comment && (read_fields(event) || event.open)) event.number = ++counted;
    out.push_back(std::move(event));
  }
  return out;
}

std::string view_events(const Capture& capture, const CapturedAttempt& attempt) {
  std::string out = fmt::format("attempt {}, {} reads, ended: {}\n", attempt.number, attempt.reads.size(), attempt.how.empty() ? "not recorded" : attempt.how);
  out += fmt::format("{:>6} {:>10} {:>9} {:>7}  {:<18} {}\n", "EVENT", "MS", "OFFSET", "BYTES", "CHECKS", "DATA");
  for (const CapturedEvent& event : events_of(attempt)) out += event_line(capture, attempt, event);
  for (const Finding& f : capture.findings)
    if (f.attempt == attempt.number)
      out += fmt::format("{} {} in event {} at byte {}: {}\n", to_string(f.check), to_string(f.action), f.event, f.offset, visible(f.reason, 512));
  return out;
}

}  // namespace siltgate::observe
