// SPDX-License-Identifier: Apache-2.0
// Heads pass two judges: our own strict grammar first, then Beast's parser; both must accept. What Beast understood
// differently is refused as well, so that no reading of ours can differ from a common one.
#include "http/head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/ascii.hpp"
#include "base/cleanse.hpp"
#include "http/grammar.hpp"
#include "http/head_lines.hpp"

namespace siltgate::http {
namespace {

namespace beast = boost::beast::http;

/// Beast's opinion on the same bytes. Nothing it throws leaves this function: Boost 1.81 throws length_error on field
/// values of 64 KiB, which limits.head keeps out by default.
template <bool is_request>
Result<void> second_judge(std::string_view head, const Fields& fields, const BodyFraming& framing) {
  try {
    beast::parser<is_request, beast::empty_body, CleansingAllocator<char>> parser;   // it copies the values
    parser.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(head.size() + 1, UINT32_MAX)));
    parser.body_limit(boost::none);
    boost::beast::error_code error;
    parser.put(boost::asio::buffer(head.data(), head.size()), error);
    if (error && error != beast::error::need_more) return malformed("the head is not HTTP/1.1: " + error.message());
    if (!parser.is_header_done()) return malformed("the head is not complete");
    const auto& message = parser.get();
    auto count = std::distance(message.begin(), message.end());
    bool chunked = framing.kind == BodyFraming::Kind::chunked;
    if (static_cast<std::size_t>(count) != fields.size() || parser.chunked() != chunked)
      return malformed("the head can be read in two ways");
    return {};
  } catch (const std::exception& thrown) {
    return malformed(fmt::format("the head cannot be parsed: {}", thrown.what()));
  }
}

/// Visible ASCII: wider than RFC 3986, as agents send quotes and braces; nothing that needs percent-encoding to pass.
bool target_character(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f;
}

/// http://authority/path?query -> host and origin-form (RFC 9112, 3.2.2).
Result<void> reduce_absolute(RequestHead& head) {
  std::string_view rest = head.target;
  rest.remove_prefix(rest.find("://") + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || !is_host_value(authority))
    return malformed("line 1 of the head: the authority of the request target is not host or host:port");
  std::string path(rest.substr(authority.size()));
  if (path.empty()) path = head.method == "OPTIONS" ? "*" : "/";
  if (path.front() == '?') path.insert(path.begin(), '/');
  head.host = std::string(authority);
  head.target = std::move(path);
  return {};
}

// Target forms (RFC 9112, 3.2): 1. authority-form for CONNECT and only there; 2. "*" for OPTIONS; 3. origin-form;
// 4. absolute-form of http or https.
Result<void> check_target(RequestHead& head) {
  auto odd = std::find_if(head.target.begin(), head.target.end(),
                          [](char c) { return c == '#' || !target_character(c); });
  if (odd != head.target.end())
    return malformed(fmt::format("line 1 of the head: the request target holds {}; percent-encode it", name_byte(*odd)));
  if (head.method == "CONNECT") {  // 1
    if (head.target.empty() || !is_host_value(head.target))
      return malformed("line 1 of the head: CONNECT needs host:port");
    return {};
  }
  if (head.target == "*" && head.method == "OPTIONS") return {};  // 2
  if (!head.target.empty() && head.target.front() == '/') return {};  // 3
  auto scheme = lower(std::string_view(head.target).substr(0, 8));
  if (scheme.substr(0, 7) == "http://" || scheme == "https://") return reduce_absolute(head);  // 4
  return malformed("line 1 of the head: the request target starts neither with a slash nor with http://");
}

Result<void> parse_request_line(std::string_view line, RequestHead& head) {
  auto first = line.find(' ');
  auto last = line.rfind(' ');
  if (first == line.npos || first == last || line.find(' ', first + 1) != last)
    return malformed("line 1 of the head is not `METHOD target HTTP/1.1` with single spaces");
  auto method = line.substr(0, first), version = line.substr(last + 1);
  if (!is_token(method)) return malformed("line 1 of the head does not start with a method");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return malformed("line 1 of the head does not end in HTTP/1.1 or HTTP/1.0; use HTTP/1.1");
  head.method = std::string(method);
  head.target = std::string(line.substr(first + 1, last - first - 1));
  head.minor_version = version.back() - '0';
  return {};
}

Result<void> check_host(RequestHead& head) {
  int count = head.fields.count("Host");
  if (count > 1) return malformed("Host is given more than once; send it once");
  if (count == 0 && head.minor_version == 1) return malformed("Host is missing; HTTP/1.1 needs exactly one");
  auto host = head.fields.find("Host").value_or("");
  if (!is_host_value(host)) return malformed("Host is not host or host:port");
  head.host = std::string(host);
  return {};
}

/// What the end-to-end meaning of some fields is for the session.
void read_wishes(RequestHead& head) {
  head.wants_close = head.minor_version == 0 || lists(head.fields, "Connection", "close");
  auto expect = head.fields.find("Expect");
  head.expects_continue = head.minor_version == 1 && expect && same_name(*expect, "100-continue");
  head.upgrade_websocket = lists(head.fields, "Connection", "upgrade") && lists(head.fields, "Upgrade", "websocket");
}

Result<void> parse_status_line(std::string_view line, ResponseHead& head) {
  auto version = line.substr(0, 9);
  auto digit = [&](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  if (line.size() < 13 || (version != "HTTP/1.1 " && version != "HTTP/1.0 ") || line[12] != ' ' || !digit(9) ||
      !digit(10) || !digit(11))
    return malformed("the status line is not `HTTP/1.1 200 reason`");
  head.minor_version = version[7] - '0';
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (head.status < 100 || head.status > 599)
    return malformed(fmt::format("status {} lies outside 100 to 599", head.status));
  head.reason = std::string(line.substr(13));
  return {};
}

Result<ResponseHead> read_response_head(std::string_view bytes, bool to_head, const Limits& limits) {
  const auto whole = bytes;
  ResponseHead head;
  auto line = take_first_line(bytes);
  if (!line) return line.error();
  auto parsed = parse_status_line(*line, head);
  if (!parsed) return parsed.error();
  auto fields = parse_field_lines(bytes, limits);
  if (!fields) return fields.error();
  head.fields = std::move(*fields);
  auto framing = parse_framing(head.fields, head.minor_version);
  if (!framing) return framing.error();
  auto judged = second_judge<false>(whole, head.fields, *framing);
  if (!judged) return judged.error();
  head.framing = *framing;
  bool bodiless = to_head || head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless)
    head.framing = {};
  else if (head.framing.kind == BodyFraming::Kind::none)
    head.framing.kind = BodyFraming::Kind::until_close;
  bool kept = head.minor_version == 1 || lists(head.fields, "Connection", "keep-alive");
  head.wants_close = !kept || lists(head.fields, "Connection", "close") ||
                     head.framing.kind == BodyFraming::Kind::until_close;
  return head;
}

}  // namespace

Result<RequestHead> parse_request_head(std::string_view bytes, const Limits& limits) {
  const auto whole = bytes;
  RequestHead head;
  auto line = take_first_line(bytes);
  if (!line) return line.error();
  auto parsed = parse_request_line(*line, head);
  if (!parsed) return parsed.error();
  auto fields = parse_field_lines(bytes, limits);
  if (!fields) return fields.error();
  head.fields = std::move(*fields);
  auto host = check_host(head);
  if (!host) return host.error();
  auto target = check_target(head);
  if (!target) return target.error();
  auto framing = parse_framing(head.fields, head.minor_version);
  if (!framing) return framing.error();
  head.framing = *framing;
  read_wishes(head);
  auto judged = second_judge<true>(whole, head.fields, head.framing);
  if (!judged) return judged.error();
  return head;
}

Result<ResponseHead> parse_response_head(std::string_view head, bool to_head, const Limits& limits) {
  auto parsed = read_response_head(head, to_head, limits);
  if (!parsed) return blame_upstream(parsed.error(), Phase::read_head);
  return parsed;
}

}  // namespace siltgate::http
