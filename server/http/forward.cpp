// SPDX-License-Identifier: Apache-2.0
#include "http/forward.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/cleanse.hpp"
#include "http/grammar.hpp"
#include "http/head_lines.hpp"

namespace siltgate::http {
namespace {

bool among(std::string_view name, const auto& names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view other) { return same_name(name, other); });
}

bool starts_with(std::string_view name, std::string_view prefix) {
  return same_name(name.substr(0, prefix.size()), prefix);
}

/// Fields that end at each hop, and framing, which every hop writes anew (RFC 9110, 7.6.1; RFC 9112, 6).
/// The spelling with an underscore is what CGI-like servers read as framing.
bool hop_by_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 10> names{
      "Connection", "Keep-Alive",     "TE",                "Trailer",        "Transfer-Encoding",
      "Upgrade",    "HTTP2-Settings", "Transfer_Encoding", "Content_Length", "Content-Length"};
  return among(name, names);
}

/// One field line; control characters that would end it early are left out. The value may be a key.
void put(std::string& out, std::string_view name, std::string_view value, std::string_view scheme = {}) {
  for (const std::string_view part : {name, std::string_view(": "), scheme}) append_cleansing(out, part);
  while (!value.empty()) {
    const auto sound = static_cast<std::size_t>(std::find_if_not(value.begin(), value.end(), value_character) - value.begin());
    append_cleansing(out, value.substr(0, sound));
    value.remove_prefix(std::min(sound + 1, value.size()));
  }
  append_cleansing(out, "\r\n");
}

void put_framing(std::string& out, BodyFraming framing) {
  if (framing.kind == BodyFraming::Kind::chunked) put(out, "Transfer-Encoding", "chunked");
  if (framing.kind == BodyFraming::Kind::length) put(out, "Content-Length", fmt::to_string(framing.length));
}

void put_marks(std::string& out, const ResponseMarks& marks, BodyFraming framing) {
  put(out, "Via", "1.1 siltgate");
  if (!marks.id.empty()) put(out, "siltgate-id", marks.id);
  if (!marks.server_timing.empty()) put(out, "Server-Timing", marks.server_timing);
  if (!marks.proxy_status.empty()) put(out, "Proxy-Status", marks.proxy_status);
  if (marks.close || framing.kind == BodyFraming::Kind::until_close) put(out, "Connection", "close");
  out += "\r\n";
}

void put_status_line(std::string& out, int status, std::string_view reason) {
  out += fmt::format("HTTP/1.1 {} ", status);
  out += reason;
  out += "\r\n";
}

/// Request fields siltgate writes itself or keeps for itself.
bool replaced_upstream(std::string_view name, const UpstreamTarget& target) {
  static constexpr std::array<std::string_view, 3> always{"Host", "Expect", "Accept-Encoding"};
  static constexpr std::array<std::string_view, 2> credentials{"Authorization", "x-api-key"};
  bool own_key = target.bearer || target.x_api_key;
  return among(name, always) || starts_with(name, "Proxy-") || starts_with(name, "siltgate-") ||
         (own_key && among(name, credentials));
}

bool body_method(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

bool dropped_downward(std::string_view name) {
  static constexpr std::array<std::string_view, 4> names{"Proxy-Connection", "Proxy-Authenticate",
                                                         "Proxy-Authentication-Info", "Alt-Svc"};
  return among(name, names) || starts_with(name, "siltgate-");
}

}  // namespace

std::string upstream_head(const RequestHead& request, const UpstreamTarget& target) {
  std::string out;
  out.reserve(1024);
  out.append(request.method).append(" ").append(target.target).append(" HTTP/1.1\r\n");
  put(out, "Host", target.host_header);
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    auto [name, value] = request.fields[i];
    if (hop_by_hop(name) || replaced_upstream(name, target) || lists(request.fields, "Connection", name)) continue;
    put(out, name, value);
  }
  if (target.bearer) put(out, "Authorization", *target.bearer, "Bearer ");
  if (target.x_api_key) put(out, "x-api-key", *target.x_api_key);
  put(out, "Accept-Encoding", "identity");
  if (target.body_size > 0 || body_method(request.method)) put(out, "Content-Length", fmt::to_string(target.body_size));
  append_cleansing(out, "\r\n");
  return out;
}

std::string client_head(const ResponseHead& response, BodyFraming framing, const ResponseMarks& marks) {
  std::string out;
  out.reserve(1024);
  put_status_line(out, response.status, response.reason);
  bool no_body = framing.kind == BodyFraming::Kind::none;
  bool keep_length = no_body && response.status >= 200 && response.status != 204;
  for (std::size_t i = 0; i < response.fields.size(); ++i) {
    auto [name, value] = response.fields[i];
    if (keep_length && same_name(name, "Content-Length")) put(out, name, value);
    if (hop_by_hop(name) || dropped_downward(name) || lists(response.fields, "Connection", name)) continue;
    put(out, name, value);
  }
  put_framing(out, framing);
  put_marks(out, marks, framing);
  return out;
}

std::string own_head(int status, const Fields& extra, BodyFraming framing, const ResponseMarks& marks) {
  std::string out;
  put_status_line(out, status, reason_phrase(status));
  for (std::size_t i = 0; i < extra.size(); ++i) put(out, extra[i].name, extra[i].value);
  put_framing(out, framing);
  put_marks(out, marks, framing);
  return out;
}

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr Phrase phrases[] = {
      {100, "Continue"},             {200, "OK"},                 {201, "Created"},
      {202, "Accepted"},             {204, "No Content"},         {301, "Moved Permanently"},
      {302, "Found"},                {303, "See Other"},          {304, "Not Modified"},
      {307, "Temporary Redirect"},   {308, "Permanent Redirect"}, {400, "Bad Request"},
      {401, "Unauthorized"},         {403, "Forbidden"},          {404, "Not Found"},
      {405, "Method Not Allowed"},   {406, "Not Acceptable"},     {408, "Request Timeout"},
      {409, "Conflict"},             {411, "Length Required"},    {414, "URI Too Long"},
      {415, "Unsupported Media Type"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
      {429, "Too Many Requests"},    {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
      {501, "Not Implemented"},      {502, "Bad Gateway"},        {503, "Service Unavailable"},
      {504, "Gateway Timeout"}};
  for (const Phrase& phrase : phrases)
    if (phrase.status == status) return phrase.text;
  return {};
}

std::size_t chunk_header(std::uint64_t size, char* out) {
  char* end = std::to_chars(out, out + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<std::size_t>(end - out);
}

}  // namespace siltgate::http
