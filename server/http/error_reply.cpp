// SPDX-License-Identifier: Apache-2.0
#include "http/error_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/ascii.hpp"
#include "http/grammar.hpp"

namespace siltgate::http {
namespace {

using nlohmann::ordered_json;

/// What each cause means to the reader: status, RFC 9209 error word, and the sentence used without a detail.
/// Indexed by Cause. A body over its bound is 400: clients read 413 as a context overflow and compact.
struct Row {
  int status;
  std::string_view proxy_error;
  std::string_view sentence;
};

constexpr std::array<Row, static_cast<std::size_t>(Cause::bug) + 1> rows{{
    {502, "proxy_internal_error", "the exchange failed"},
    {400, "http_request_error", "the connection was closed before the answer was complete"},
    {408, "http_request_error", "the request came too slowly"},
    {400, "http_request_error", "the request is malformed"},
    {414, "http_request_error", "the request line is over its bound"},
    {431, "http_request_error", "the head is over its bound"},
    {400, "http_request_error", "the request body is over limits.request_body; raise it in the configuration"},
    {403, "http_request_denied", "the request is not allowed"},
    {404, "destination_not_found", "the path maps to nothing"},
    {501, "http_upgrade_failed", "WebSocket is not offered here; send the same request as a plain HTTP POST, the answer streams as server-sent events"},
    {503, "connection_limit_reached", "the queue is full"},
    {503, "connection_limit_reached", "the request waited as long as it may"},
    {503, "proxy_internal_response", "it is shutting down"},
    {503, "http_request_denied", "the same request came again and again"},
    {503, "destination_unavailable", "Redis, which holds the shared caps, cannot be reached"},
    {503, "proxy_internal_error", "the shared permit was lost"},
    {503, "destination_unavailable", "the quota of the key is spent"},
    {503, "http_request_denied", "the operator cancelled it"},
    {502, "dns_error", "the provider's name cannot be resolved"},
    {502, "destination_unavailable", "the provider cannot be reached"},
    {504, "connection_timeout", "no connection to the provider in time"},
    {502, "destination_unavailable", "the outbound proxy refused the connection"},
    {502, "tls_protocol_error", "the TLS handshake with the provider failed"},
    {502, "connection_terminated", "the connection was reset before the answer was complete"},
    {502, "connection_terminated", "the connection was closed before the answer was complete"},
    {504, "http_response_timeout", "the provider stayed silent"},
    {502, "http_protocol_error", "the answer is not HTTP"},
    {502, "http_response_body_size", "the answer is over limits.response_body"},
    {502, "http_protocol_error", "the answer is damaged"},
    {502, "http_protocol_error", "the provider answered with an error"},
    {502, "proxy_internal_error", "an internal error"},
}};

const Row& row_of(const Failure& failure) { return rows[static_cast<std::size_t>(failure.cause)]; }

/// A method siltgate does not carry (CONNECT) is refused when the request is routed.
bool refused_method(const Failure& failure) {
  return failure.phase == Phase::route && failure.cause == Cause::bad_request;
}

bool digit_at(std::string_view text, std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; }

/// Words by which clients recognise a context overflow, an empty quota or a rate limit, and what is said instead.
/// Details come from many places, so the finished message is washed rather than each of them trusted.
std::string wash(std::string_view text) {
  struct Word {
    std::string_view from, to;
    bool number;
  };
  static constexpr Word words[] = {
      {"too large", "over its bound", false}, {"too long", "over its bound", false},
      {"exceeded", "passed", false},          {"exceeds", "is over", false},
      {"exceed", "pass", false},              {"maximum", "bound", false},
      {"context", "text", false},             {"prompt", "request", false},
      {"too many requests", "many requests", false}, {"rate limit", "pace", false},
      {"413", "4xx", true},                   {"429", "4xx", true}};
  const std::string low = lower(text);
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Word* hit = nullptr;
    for (const Word& word : words) {
      bool inside_number = word.number && ((i > 0 && digit_at(low, i - 1)) || digit_at(low, i + 3));
      if (low.compare(i, word.from.size(), word.from) == 0 && !inside_number) hit = hit ? hit : &word;
    }
    auto byte = static_cast<unsigned char>(text[i]);
    if (hit) out += hit->to;
    if (!hit) out += byte < 0x20 || byte == 0x7f ? ' ' : text[i];
    i += hit ? hit->from.size() : 1;
  }
  return out;
}

/// `text` as a sentence: ends in one full stop.
std::string sentence(std::string_view text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.remove_suffix(1);
  return text.empty() ? std::string{} : std::string(text) + ".";
}

std::string_view openai_type(int status) {
  if (status == 403) return "permission_error";
  if (status == 404) return "not_found_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string_view anthropic_type(int status) {
  if (status == 403) return "permission_error";
  if (status == 404) return "not_found_error";
  if (status == 503) return "overloaded_error";
  if (status == 504) return "timeout_error";
  return status >= 500 ? "api_error" : "invalid_request_error";
}

/// Never throws on bytes that are not UTF-8: they become U+FFFD.
std::string text_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json openai_error(std::string_view message, std::string_view type, const ordered_json& param,
                          std::string_view code) {
  return {{"message", message}, {"type", type}, {"param", param}, {"code", code}};
}

std::string error_body(int status, Dialect dialect, std::string_view message, std::string_view code) {
  if (dialect == Dialect::anthropic_messages)
    return text_of({{"type", "error"}, {"error", {{"type", anthropic_type(status)}, {"message", message}}}});
  return text_of({{"error", openai_error(message, openai_type(status), "", code)}});  // strings only
}

ErrorReply reply(int status, Dialect dialect, std::string_view message, std::string_view code) {
  ErrorReply out;
  out.status = status;
  out.fields.add("Content-Type", "application/json");
  out.fields.add("Cache-Control", "no-store");
  out.body = error_body(status, dialect, message, code);
  return out;
}

/// The RFC 9209 error word; some causes have a narrower one than their row.
std::string_view proxy_error(const Failure& failure) {
  bool relaying = failure.phase == Phase::relay_body;
  switch (failure.cause) {
    case Cause::connect_failed:
      if (failure.system == boost::system::errc::connection_refused) return "connection_refused";
      if (failure.system == boost::system::errc::network_unreachable ||
          failure.system == boost::system::errc::host_unreachable)
        return "destination_ip_unroutable";
      break;
    case Cause::tls_failed:
      if (failure.detail.find("certificate") != std::string::npos) return "tls_certificate_error";
      break;
    case Cause::upstream_closed:
    case Cause::upstream_reset:
      if (relaying) return "http_response_incomplete";
      break;
    case Cause::upstream_silent:
      if (relaying) return "connection_read_timeout";
      break;
    default: break;
  }
  return row_of(failure).proxy_error;
}

}  // namespace

int status_of(const Failure& failure) { return refused_method(failure) ? 405 : row_of(failure).status; }

std::string error_message(const Failure& failure, std::string_view done, std::string_view id) {
  std::string_view what = failure.detail.empty() ? row_of(failure).sentence : std::string_view(failure.detail);
  std::string text = fmt::format("{}: {}", to_string(failure.party), sentence(what));
  if (std::string did = sentence(done); !did.empty()) text += " siltgate " + did;
  return wash(text) + fmt::format(" [{}]", id);
}

std::string proxy_status_value(const Failure& failure) {
  return fmt::format("siltgate; error={}; details=\"{}\"", proxy_error(failure), to_string(failure.cause));
}

ErrorReply make_error_reply(const Failure& failure, Dialect dialect, std::string_view done, std::string_view id,
                            std::optional<std::chrono::seconds> retry_after) {
  ErrorReply out = reply(status_of(failure), dialect, error_message(failure, done, id), to_string(failure.cause));
  if (out.status == 405) out.fields.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (retry_after) out.fields.add("Retry-After", fmt::to_string(std::max<long long>(retry_after->count(), 0)));
  out.proxy_status = proxy_status_value(failure);
  return out;
}

// opencode 1.18 retries a stream only when the error says "server_error" (clients.md, section 4). The Responses error
// event exists in a flat and a nested shape; both are given, readers take the one they know.
std::string stream_error_event(const Failure& failure, Dialect dialect, std::string_view done, std::string_view id) {
  auto message = error_message(failure, done, id);
  auto code = to_string(failure.cause);
  if (dialect == Dialect::anthropic_messages)
    return "event: error\ndata: " +
           text_of({{"type", "error"}, {"error", {{"type", anthropic_type(503)}, {"message", message}}}}) + "\n\n";
  auto error = openai_error(message, "server_error", nullptr, code);
  if (dialect != Dialect::openai_responses) return "data: " + text_of({{"error", error}}) + "\n\n";
  return "event: error\ndata: " +
         text_of({{"type", "error"}, {"code", code}, {"message", message}, {"param", nullptr},
                  {"sequence_number", 0}, {"error", error}}) + "\n\n";
}

// A comment line alone: followed by an empty line, it crashed older openai-python (clients.md, section 4).
std::string heartbeat_event(Dialect dialect) {
  if (dialect == Dialect::anthropic_messages) return "event: ping\ndata: {\"type\":\"ping\"}\n\n";
  return ": siltgate\n";
}

}  // namespace siltgate::http
