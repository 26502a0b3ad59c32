// SPDX-License-Identifier: Apache-2.0
// Heads as they leave siltgate: rebuilt from parsed fields, hop-by-hop fields stripped (RFC 9110, 7.6.1), one framing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/config.hpp"
#include "http/head.hpp"

namespace siltgate::http {

struct UpstreamTarget {
  std::string host_header;                   // authority of the base URL
  std::string target;                        // origin-form target upstream
  std::optional<std::string_view> bearer;    // auth: replace; put as Authorization: Bearer …. The caller's, like the next
  std::optional<std::string_view> x_api_key; // auth: replace for Anthropic; put as x-api-key
  std::uint64_t body_size = 0;
};

/// The whole head up to and including the empty line. The client's end-to-end fields in their order, its own
/// User-Agent; Accept-Encoding: identity; Content-Length (always for POST/PUT/PATCH or a body); never Expect, Host of
/// the client, Proxy-*, siltgate-* control fields. Holds a key: append_cleansing() and cleanse().
std::string upstream_head(const RequestHead& request, const UpstreamTarget& target);

/// What siltgate adds to a response.
struct ResponseMarks {
  std::string id;               // siltgate-id
  std::string server_timing;    // value of Server-Timing, "" = none
  std::string proxy_status;     // value of Proxy-Status (RFC 9209), "" = none
  bool close = false;           // Connection: close
};

/// Head towards the client for an upstream response. `framing`: chunked, length, none or until_close (HTTP/1.0 client).
/// `none` is for answers without a body (HEAD, 304, 204): the Content-Length that upstream gave for HEAD and 304 stays.
/// Gone besides hop-by-hop fields: Alt-Svc (it speaks of the upstream's own address) and siltgate-*.
std::string client_head(const ResponseHead& response, BodyFraming framing, const ResponseMarks& marks);

/// Head of a response siltgate makes itself; `extra` holds no framing fields: 200 text/event-stream for early headers, errors, admin.
/// `extra` are further fields (Content-Type, Retry-After …).
std::string own_head(int status, const Fields& extra, BodyFraming framing, const ResponseMarks& marks);

/// The standard phrase, "" for a status without one.
std::string_view reason_phrase(int status);

/// Answer to Expect: 100-continue, before the final head.
inline constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";

/// A chunk's size line: "1a3\r\n". Written into `out` (at least 18 bytes), returns the length.
std::size_t chunk_header(std::uint64_t size, char* out);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace siltgate::http
