// SPDX-License-Identifier: Apache-2.0
// Phase 1: the whole request, head and body, before anything is asked of anyone: a slow upload never holds a permit,
// and a retry can send it again.
#include <algorithm>

#include "flow/exchange.hpp"
#include "http/access.hpp"
#include "http/body_deadline.hpp"
#include "http/body_decoder.hpp"
#include "http/runtime.hpp"

namespace siltgate::flow {
namespace {

Failure refuse(Cause cause, std::string detail) {
  return {Phase::read_request, Party::client, cause, Retry::never, {}, std::move(detail)};
}

Task<Result<std::size_t>> read_head_bytes(Exchange& x) {
  std::string& input = x.client.input();
  http::HeadScanner scanner;
  bool skipped_empty_line = false;
  for (;;) {
    if (const std::size_t empty = http::leading_empty_line(input); empty > 0 && !skipped_empty_line) {
      x.client.consume(empty);
      skipped_empty_line = true;
    }
    auto size = scanner.scan(input, x.config->http);
    if (!size) co_return size.error();
    if (*size > 0) co_return *size;
    auto more = co_await x.client.read_more(Phase::read_request);
    if (!more) co_return more.error();
  }
}

/// Running exchanges keep what they hold; the newcomer is turned away.
Failure no_room_for_body(const Exchange& x) {
  return {Phase::read_request, Party::siltgate, Cause::queue_full, Retry::never, {},
          "the request bodies in hand take " + format_bytes(Bytes{x.services.body_bytes}) + " already (limits.request_bodies is " +
              format_bytes(x.config->http.request_bodies) + ")"};
}

/// Counts and hashes the next bytes of the body. Failure: there is no room for them.
Result<void> keep(Exchange& x, std::string_view bytes) {
  const http::Limits& limits = x.config->http;
  if (!x.held_body.grow(bytes.size(), limits.request_bodies)) return no_room_for_body(x);
  x.body_hash.add(bytes);  // while it is in the cache
  return {};
}

/// The part of the body that is in input(), without its transfer-coding.
Result<void> take_input(Exchange& x, http::BodyDecoder& decoder, route::BodyHintsReader& hints) {
  std::string& input = x.client.input();
  auto decoded = decoder.decode({input.data(), input.size()});
  if (!decoded) return decoded.error();
  if (auto kept = keep(x, decoded->payload); !kept) return kept;
  x.body.append(decoded->payload);
  hints.read(x.body);
  x.client.consume(decoded->used);
  const Bytes bound = x.config->http.request_body;
  if (x.body.size() > bound.count)
    return refuse(Cause::body_too_large, "the chunked body is over limits.request_body (" + format_bytes(bound) + ")");
  return {};
}

/// The rest of a body of known length, received where it stays.
Task<Result<void>> receive_rest(Exchange& x, route::BodyHintsReader& hints, TimePoint began) {
  constexpr std::size_t most = 256 * 1024;  // one read: small enough to be hashed and looked through in the cache
  const std::uint64_t length = x.request.framing.length;
  while (x.body.size() < length) {
    x.client.watch().set_deadline(http::body_deadline(x.config->http, began, x.body.size(), Clock::now()));
    std::span<char> room = x.body.room(length - x.body.size());
    room = room.first(std::min(room.size(), most));
    auto read = co_await x.client.read_more(Phase::read_request, room);
    if (!read) co_return read.error();
    auto kept = keep(x, {room.data(), *read});
    if (!kept) co_return kept;
    x.body.arrived(*read);
    hints.read(x.body);
  }
  co_return Result<void>{};
}

Task<Result<void>> read_body(Exchange& x) {
  const bool known = x.request.framing.kind == http::BodyFraming::Kind::length;
  const Bytes bound = x.config->http.request_body;
  if (known && x.request.framing.length > bound.count)
    co_return refuse(Cause::body_too_large, "Content-Length " + std::to_string(x.request.framing.length) +
                                                " is over limits.request_body (" + format_bytes(bound) + ")");
  if (x.request.expects_continue && x.client.input().empty()) {
    auto told = co_await x.client.connection().write_all("HTTP/1.1 100 Continue\r\n\r\n", x.client.watch(), Phase::read_request);
    if (!told) co_return told.error();
  }
  const TimePoint began = Clock::now();
  http::BodyDecoder decoder(x.request.framing);
  route::BodyHintsReader hints;
  for (;;) {
    auto taken = take_input(x, decoder, hints);
    if (!taken) co_return taken.error();
    if (decoder.done() || (known && !x.body.empty())) break;
    x.client.watch().set_deadline(http::body_deadline(x.config->http, began, x.body.size(), Clock::now()));
    auto more = co_await x.client.read_more(Phase::read_request);
    if (!more) co_return more.error();
  }
  if (!decoder.done()) {
    auto received = co_await receive_rest(x, hints, began);
    if (!received) co_return received;
  }
  if (!x.body.empty()) x.hints = hints.finish(x.body);
  co_return Result<void>{};
}

void note_request(Exchange& x) {
  auto user_agent = x.request.fields.find("user-agent").value_or("");
  x.record.user_agent = std::string(user_agent.substr(0, 256));
  x.record.client = std::string(http::product_of(user_agent));
  x.record.method = x.request.method;
  x.record.target = x.request.target.substr(0, x.request.target.find('?')).substr(0, 256);
}

}  // namespace

Task<Result<void>> read_request(Exchange& x) {
  net::Watch& watch = x.client.watch();
  watch.set_deadline_in(x.config->http.head_time);
  auto size = co_await read_head_bytes(x);
  if (!size) co_return size.error();
  auto head = http::parse_request_head(std::string_view(x.client.input()).substr(0, *size), x.config->http);
  x.client.consume(*size);
  if (!head) co_return head.error();
  x.request = std::move(*head);
  note_request(x);
  if (!x.entrance.control_socket) {
    http::AccessRules rules = x.config->access;
    rules.allow = x.entrance.door->allow;
    auto allowed = http::check_access(x.request, x.entrance.peer_address, x.entrance.local_address, rules);
    if (!allowed) co_return allowed.error();
  }
  auto read = co_await read_body(x);
  if (!read) co_return read.error();
  watch.clear_deadline();
  x.request_read = Clock::now();
  x.record.request_bytes = x.body.size();
  x.client.guard(true);
  co_return Result<void>{};
}

}  // namespace siltgate::flow
