// SPDX-License-Identifier: Apache-2.0
// HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): one entry for each attempt.
#include <nlohmann/json.hpp>

#include "observe/base64.hpp"
#include "observe/capture_exports.hpp"
#include "observe/record_json.hpp"
#include "version.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::ordered_json;

Json headers_of(const HeadFields& fields) {
  Json out = Json::array();
  for (const auto& [name, value] : fields) out.push_back({{"name", name}, {"value", value}});
  return out;
}

bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::exception&) {
    return false;
  }
}

std::string base64_of(const std::string& bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

double ms(std::int64_t ns) { return static_cast<double>(std::max<std::int64_t>(0, ns)) / 1e6; }

Json request_of(const Capture& capture) {
  Json out{{"method", capture.method}, {"url", capture.url}, {"httpVersion", "HTTP/1.1"}, {"cookies", Json::array()}};
  out["headers"] = headers_of(capture.fields);
  out["queryString"] = Json::array();
  if (capture.request_body)
    out["postData"] = {{"mimeType", field_of(capture.fields, "content-type")}, {"params", Json::array()},
                       {"text", is_utf8(*capture.request_body) ? *capture.request_body : base64_of(*capture.request_body)}};
  out["headersSize"] = -1;
  out["bodySize"] = capture.request_bytes;
  return out;
}

Json response_of(const CapturedAttempt& attempt) {
  const CapturedHead none;
  const CapturedHead& head = attempt.head ? *attempt.head : none;
  const std::string body = attempt.body();
  const bool text = is_utf8(body);
  Json content{{"size", body.size()}, {"mimeType", field_of(head.fields, "content-type")}, {"text", text ? body : base64_of(body)}};
  if (!text) content["encoding"] = "base64";
  Json out{{"status", head.status}, {"statusText", head.reason}, {"httpVersion", head.version.empty() ? "HTTP/1.1" : head.version}};
  out["cookies"] = Json::array();
  out["headers"] = headers_of(head.fields);
  out["content"] = content;
  out["redirectURL"] = "";
  out["headersSize"] = -1;
  out["bodySize"] = body.size();
  out["_ended"] = attempt.how;
  return out;
}

/// When the attempt began: at its permit, as far as that is known.
std::int64_t start_of(const Capture& capture, const CapturedAttempt& attempt) {
  const auto number = static_cast<std::size_t>(attempt.number);
  if (!capture.record || number == 0 || number > capture.record->attempts.size()) return attempt.head ? attempt.head->ns : attempt.end_ns;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(capture.record->attempts[number - 1].admitted - capture.record->accepted).count();
}

Json entry_of(const Capture& capture, const CapturedAttempt& attempt) {
  const std::int64_t head = attempt.head ? attempt.head->ns : attempt.end_ns;
  const std::int64_t start = std::min(head, start_of(capture, attempt));
  const std::int64_t end = std::max(attempt.end_ns, attempt.reads.empty() ? head : attempt.reads.back().ns);
  Json out{{"startedDateTime", iso8601(capture.started_at + std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(start)))}};
  out["time"] = ms(end - start);
  out["request"] = request_of(capture);
  out["response"] = response_of(attempt);
  out["cache"] = Json::object();
  out["timings"] = {{"send", 0.0}, {"wait", ms(head - start)}, {"receive", ms(end - head)}};
  out["comment"] = "siltgate " + capture.id + ", attempt " + std::to_string(attempt.number);
  return out;
}

}  // namespace

std::string export_har(const Capture& capture) {
  Json log{{"version", "1.2"}, {"creator", {{"name", "siltgate"}, {"version", SILTGATE_VERSION}}}};
  log["entries"] = Json::array();
  for (const CapturedAttempt& attempt : capture.attempts) log["entries"].push_back(entry_of(capture, attempt));
  if (capture.record) log["_verdict"] = Json::parse(record_to_json(*capture.record)).at("verdict");
  return Json{{"log", log}}.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace siltgate::observe
