// SPDX-License-Identifier: Apache-2.0
#include "admin/captures.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "admin/replies.hpp"
#include "observe/capture_views.hpp"
#include "observe/visible.hpp"

namespace siltgate::admin {
namespace {

using Json = nlohmann::ordered_json;

Reply spelt(const Json& json) { return json_reply(200, json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

Json overview(const observe::Capture& capture) {
  Json out{{"complete", capture.complete}, {"masked", capture.masked}, {"request_recorded", capture.request_body.has_value()}};
  out["attempts"] = Json::array();
  for (const auto& attempt : capture.attempts) {
    std::uint64_t bytes = 0;
    for (const auto& read : attempt.reads) bytes += read.bytes.size();
    out["attempts"].push_back(Json{{"number", attempt.number}, {"status", attempt.head ? attempt.head->status : 0},
                                   {"how", attempt.how}, {"bytes", bytes}, {"reads", attempt.reads.size()}});
  }
  return out;
}

Json chat(const observe::CapturedChat& chat) {
  Json out{{"parts", Json::array()}, {"end", chat.end}, {"unread", chat.unread}};
  for (const auto& part : chat.parts) out["parts"].push_back(Json{{"title", part.title}, {"text", part.text}});
  return out;
}

std::string findings_of(const observe::Capture& capture, int attempt, std::uint64_t event) {
  std::string out;
  for (const Finding& finding : capture.findings)
    if (finding.attempt == attempt && finding.event == event && event > 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", to_string(finding.check), to_string(finding.action));
  return out;
}

Json events(const observe::Capture& capture, const observe::CapturedAttempt& attempt) {
  const auto all = observe::events_of(attempt);
  Json list = Json::array();
  for (const auto& event : all) {
    const std::string findings = findings_of(capture, attempt.number, event.number);
    if (list.size() >= most_events && findings.empty()) continue;   // what was found is never left out
    list.push_back(Json{{"number", event.number}, {"ms", static_cast<double>(event.ns) / 1e6}, {"offset", event.offset},
                        {"bytes", event.bytes.size()}, {"findings", findings},
                        {"kind", event.comment ? "comment" : event.open ? "cut" : event.name},
                        {"text", observe::visible(event.data.empty() ? event.bytes : event.data, longest_event)}});
  }
  const std::size_t left_out = all.size() - list.size();
  return Json{{"events", std::move(list)}, {"left_out", left_out}};
}

Reply view_of(const observe::Capture& capture, const CaptureQuery& query) {
  if (query.view.empty()) return spelt(overview(capture));
  if (query.view == "headers") return text_reply(200, observe::view_headers(capture));
  const observe::CapturedAttempt* attempt = capture.attempt(query.attempt);
  if (!attempt) return text_reply(404, "siltgate: the capture holds no such attempt: nothing came from the provider\n");
  if (query.view == "chat") return spelt(chat(observe::chat_of(capture, *attempt)));
  if (query.view == "events") return spelt(events(capture, *attempt));
  if (query.view == "diff") return text_reply(200, observe::view_diff(capture, *attempt));
  if (query.view != "hex") return text_reply(400, "siltgate: view must be one of chat, events, hex, diff, headers\n");
  const auto dump = observe::view_hex(capture, *attempt, query.event);
  return dump ? text_reply(200, *dump) : text_reply(404, "siltgate: the attempt has no such event\n");
}

}  // namespace

Reply capture_page(const std::string& id, const CaptureQuery& query, const View& view) {
  const auto file = view.capture ? view.capture(id) : std::nullopt;
  if (!file) return text_reply(404, "siltgate: no capture of this exchange\n");
  if (file->size > longest_capture)
    return text_reply(413, fmt::format("siltgate: the capture is {} bytes long; siltgate show {} reads it\n", file->size, id));
  const auto capture = observe::read_capture(file->text);
  if (!capture) return text_reply(404, "siltgate: the capture is of another version; siltgate show may tell more\n");
  return view_of(*capture, query);
}

}  // namespace siltgate::admin
