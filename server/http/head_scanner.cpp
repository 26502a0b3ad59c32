// SPDX-License-Identifier: Apache-2.0
// Finds the end of a head and refuses early what can never become one. Does not know what the lines mean.
#include <fmt/format.h>

#include <algorithm>

#include "http/grammar.hpp"
#include "http/head.hpp"

namespace siltgate::http {
namespace {

Failure refuse(Cause cause, std::string detail) {
  Failure failure;
  failure.phase = Phase::read_request;
  failure.party = Party::client;
  failure.cause = cause;
  failure.detail = std::move(detail);
  return failure;
}

Failure odd_byte(char c, int line, std::size_t column) {
  if (line == 1 && column == 1 && c == '\x16')
    return refuse(Cause::bad_request, "a TLS handshake came in on a plain HTTP port; use http:// in the client's base URL");
  return refuse(Cause::bad_request,
                fmt::format("line {} of the head holds {} at column {}, which no HTTP/1 head may hold; send visible "
                            "characters, spaces and tabs only",
                            line, name_byte(c), column));
}

Failure bare_line_end(const char* which, int line) {
  return refuse(Cause::bad_request,
                fmt::format("line {} of the head holds a bare {}; end every line with CR LF", line, which));
}

}  // namespace

std::size_t leading_empty_line(std::string_view buffered) { return buffered.substr(0, 2) == "\r\n" ? 2 : 0; }

Failure blame_upstream(Failure failure, Phase phase) {
  failure.phase = phase;
  failure.party = Party::provider;
  failure.cause = Cause::upstream_malformed;
  return failure;
}

/// Behind the bytes that are neither the end of a line, nor refused, nor over a bound.
std::size_t HeadScanner::skip_plain(std::string_view buffered, std::size_t at, const Limits& limits) const {
  std::size_t end = std::min<std::size_t>(buffered.size(), limits.head.count);
  if (line_start_ == 0) end = std::min<std::size_t>(end, limits.request_line.count + 2);
  while (at < end && value_character(buffered[at])) ++at;
  return at;
}

// For each other byte: (1) a bound is passed; (2) LF must follow CR and ends a line, the empty one ends the head;
// (3) CR must precede LF; (4) any other control character is refused.
Result<std::size_t> HeadScanner::scan(std::string_view buffered, const Limits& limits) {
  for (std::size_t i = seen_;; ++i) {
    i = skip_plain(buffered, i, limits);
    if (i == buffered.size()) break;
    const char c = buffered[i];
    const int line = fields_ + 1;
    if (line_start_ == 0 && i > limits.request_line.count + 1)  // 1; CR LF not counted
      return refuse(Cause::line_too_long, fmt::format("the request line has more than {} bytes; shorten the URL",
                                                      limits.request_line.count));
    if (i >= limits.head.count)
      return refuse(Cause::head_too_large, fmt::format("the head has more than {} bytes in line {}; send fewer or "
                                                       "shorter header fields", limits.head.count, line));
    if (c == '\n') {  // 2
      if (i == line_start_ || buffered[i - 1] != '\r') return bare_line_end("LF", line);
      if (i - 1 == line_start_) {
        if (line_start_ == 0) return refuse(Cause::bad_request, "an empty line stands where the request line is due");
        return i + 1;
      }
      if (fields_ > limits.fields)
        return refuse(Cause::head_too_large, fmt::format("the head has more than {} fields; send fewer", limits.fields));
      ++fields_;
      line_start_ = i + 1;
    } else if (c == '\r') {  // 3
      if (i + 1 == buffered.size()) {
        seen_ = i;
        return std::size_t{0};
      }
      if (buffered[i + 1] != '\n') return bare_line_end("CR", line);
    } else if (!value_character(c)) {  // 4
      return odd_byte(c, line, i - line_start_ + 1);
    }
  }
  seen_ = buffered.size();
  return std::size_t{0};
}

}  // namespace siltgate::http
