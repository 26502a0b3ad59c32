// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_lines.hpp"

#include <nlohmann/json.hpp>

#include "observe/record_json.hpp"
#include "observe/redact.hpp"
#include "observe/secret_names.hpp"
#include "version.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::ordered_json;

/// `{"a":1,"b":2}` without its braces.
std::string members(const Json& object) {
  const std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// [["Name","value"],…] of the lines behind the first.
Json fields_of(std::string_view lines) {
  Json out = Json::array();
  while (!lines.empty()) {
    const std::string_view line = take_line(lines);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    out.push_back({name, secret_field(name) ? "[redacted]" : redact(value)});
  }
  return out;
}

}  // namespace

std::string request_members(const ExchangeRecord& record, std::string_view head, std::string_view url) {
  take_line(head);
  Json out{{"type", "head"}, {"format", capture_format}, {"siltgate", SILTGATE_VERSION}, {"id", record.id}};
  out["started_at"] = iso8601(record.started_at);
  out["method"] = record.method;
  out["target"] = redact(record.target);
  out["url"] = redact(url);
  out["provider"] = record.provider;
  out["dialect"] = to_string(record.dialect);
  out["stream"] = record.stream;
  out["fields"] = fields_of(head);
  out["request_bytes"] = record.request_bytes;
  out["request_sha256"] = record.request_sha256;
  return members(out);
}

std::string head_members(std::string_view type, std::string_view head) {
  const std::string_view first = take_line(head);   // HTTP/1.1 200 OK
  Json out{{"type", type}};
  const auto space = first.find(' ');
  std::string_view rest = space == std::string_view::npos ? std::string_view{} : first.substr(space + 1);
  out["version"] = first.substr(0, space);
  int status = 0;
  for (char c : rest.substr(0, 3)) status = c >= '0' && c <= '9' ? status * 10 + (c - '0') : status;
  out["status"] = status;
  out["reason"] = redact(rest.size() > 4 ? rest.substr(4) : std::string_view{});
  out["fields"] = fields_of(head);
  return members(out);
}

std::string finding_members(const Finding& finding) {
  return members({{"type", "finding"}, {"check", to_string(finding.check)}, {"action", to_string(finding.action)},
                  {"event", finding.event}, {"offset", finding.offset}, {"at_read_boundary", finding.at_read_boundary},
                  {"reason", redact(finding.reason)}});
}

std::string end_members(const Failure* failure) {
  Json out{{"type", "end"}, {"how", failure ? to_string(failure->cause) : "complete"}};
  if (failure) out["detail"] = redact(failure->detail);
  return members(out);
}

std::string tail_members(const ExchangeRecord& record, std::span<const std::string> secrets) {
  return "\"record\":" + record_to_json(record, secrets);
}

}  // namespace siltgate::observe
