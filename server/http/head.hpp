// SPDX-License-Identifier: Apache-2.0
// Request and response heads: found, parsed by Beast, and checked for what Beast lets through
// (RFC 9110, RFC 9112). Bytes in, values out; no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/config.hpp"
#include "http/fields.hpp"

namespace siltgate::http {

/// How the end of a body is known (RFC 9112, section 6.3).
struct BodyFraming {
  enum class Kind { none, length, chunked, until_close } kind = Kind::none;
  std::uint64_t length = 0;
};

struct RequestHead {
  std::string method;
  std::string target;     // as received: origin-form (or "*" for OPTIONS), or absolute-form reduced to origin-form
  std::string host;       // Host value (or authority of an absolute-form target)
  int minor_version = 1;  // HTTP/1.x
  Fields fields;
  BodyFraming framing;
  bool wants_close = false;      // Connection: close, or HTTP/1.0
  bool expects_continue = false; // Expect: 100-continue
  bool upgrade_websocket = false;
};

struct ResponseHead {
  int status = 0;
  std::string reason;
  int minor_version = 1;
  Fields fields;
  BodyFraming framing;    // already none for 1xx, 204, 304 and answers to HEAD
  bool wants_close = false;
};

/// 2 when `buffered` starts with an empty line (CRLF), else 0. A client may send one before a request
/// (RFC 9112, 2.2): drop it once per request; scan() refuses a second one.
std::size_t leading_empty_line(std::string_view buffered);

/// The same failure seen on an upstream connection: party provider, cause upstream_malformed.
Failure blame_upstream(Failure failure, Phase phase);

/// Finds the end of a head in a growing buffer; remembers where it looked, so slow arrival stays linear.
class HeadScanner {
 public:
  /// Size of the head including its empty line; 0 while incomplete. Failure: a bound of `limits` is exceeded or
  /// a byte that can never be part of a head was seen (so that garbage is refused early).
  /// At most one empty line (CRLF) before the request line is skipped by the caller, see leading_empty_line().
  /// Call again with the same bytes and more behind them; reset() before the next head.
  Result<std::size_t> scan(std::string_view buffered, const Limits& limits);
  void reset() { *this = HeadScanner{}; }

 private:
  std::size_t skip_plain(std::string_view buffered, std::size_t at, const Limits& limits) const;

  std::size_t seen_ = 0;        // bytes looked at in earlier calls
  std::size_t line_start_ = 0;  // where the current line began
  int fields_ = 0;              // complete lines behind the first one
};

/// `head` is what scan() measured. Strict: exactly one Host on HTTP/1.1, no CL+TE, one valid Content-Length, only a
/// single `chunked`, no obs-fold, no bare CR/LF/NUL, token names, no space before the colon, known target forms.
/// An absolute-form target sets `host` (RFC 9112, 3.2.2). CONNECT parses (the session answers 405), its target stays in
/// authority-form. HTTP/1.0 always wants_close.
Result<RequestHead> parse_request_head(std::string_view head, const Limits& limits);

/// `to_head`: the request was HEAD. Upstream responses are as untrusted as requests.
Result<ResponseHead> parse_response_head(std::string_view head, bool to_head, const Limits& limits);

}  // namespace siltgate::http
