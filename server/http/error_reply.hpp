// SPDX-License-Identifier: Apache-2.0
// Failures as clients read them: HTTP status and body, or an in-stream error event, in the client's dialect.
// Messages are `<culprit>: <what happened, numbers>. <what siltgate did>. [sg_ID]` and hold no phrase that clients read as a
// context overflow (docs: contract section 7; clients.md section 4).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/dialect.hpp"
#include "base/result.hpp"
#include "http/config.hpp"
#include "http/fields.hpp"

namespace siltgate::http {

struct ErrorReply {
  int status = 502;
  Fields fields;        // Content-Type, Retry-After when given
  std::string body;
  std::string proxy_status;  // RFC 9209 value
};

/// Status by cause: 400 403 404 405 408 414 431 501 502 503 504. Never 429, never 413. A bad_request in phase route is a
/// refused method (CONNECT): 405.
int status_of(const Failure& failure);

/// `done` says what siltgate did and continues the word siltgate ("tried 3 times", "waited 600 s"); may be empty. One line;
/// phrases that clients read as a context overflow or a rate limit are reworded.
std::string error_message(const Failure& failure, std::string_view done, std::string_view id);

ErrorReply make_error_reply(const Failure& failure, Dialect dialect, std::string_view done, std::string_view id,
                            std::optional<std::chrono::seconds> retry_after);


/// Proxy-Status of a response that ends in this failure (RFC 9209), e.g. `siltgate; error=dns_error; details="…"`.
std::string proxy_status_value(const Failure& failure);

/// One complete event (with its empty line) that tells the client the stream failed; for openai_responses
/// `event: error` / response.failed shape, for Anthropic `event: error`.
std::string stream_error_event(const Failure& failure, Dialect dialect, std::string_view done, std::string_view id);

/// A heartbeat that clients ignore: a comment line, or `event: ping` for Anthropic.
std::string heartbeat_event(Dialect dialect);

}  // namespace siltgate::http
