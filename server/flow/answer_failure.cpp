// SPDX-License-Identifier: Apache-2.0
// How a failure reaches the client (contract, section 7):
//   1. The client is gone: nothing to tell.
//   2. No head was sent: the provider's own error response untouched, else an HTTP error.
//   3. The dialect's proper end was delivered already: nothing, only no clean end of the transport.
//   4. A stream has begun: an error event at an event boundary, or nothing (stream_failure), then a close without the
//      terminating chunk. Never [DONE], never a clean end.
#include "flow/exchange.hpp"
#include "flow/marks.hpp"
#include "http/error_reply.hpp"
#include "http/forward.hpp"
#include "http/runtime.hpp"
#include "observe/verdict.hpp"

namespace siltgate::flow {
namespace {

using Kind = http::BodyFraming::Kind;

/// The message names whom `siltgate why` will: the phase that failed does not know whose fault it was.
Party culprit(const Exchange& x, const Failure& failure) {
  switch (observe::judge(x.record).blame) {
    case observe::Blame::provider: return Party::provider;
    case observe::Blame::network: return Party::network;
    case observe::Blame::client: return Party::client;
    case observe::Blame::siltgate: return Party::siltgate;
    case observe::Blame::intact:
    case observe::Blame::unknown: break;
  }
  return failure.party;
}

std::string what_was_done(const Exchange& x) {
  std::size_t tries = x.record.attempts.size();
  if (tries > 1) return "tried " + std::to_string(tries) + " times";
  return {};
}

/// For own 503s: until a spent quota comes back; else how long a request arriving now would wait, from the rate at which
/// requests really end.
std::optional<std::chrono::seconds> retry_after(const Exchange& x, const Failure& failure) {
  if (failure.cause == Cause::quota_spent) {
    auto now = std::chrono::system_clock::now();
    const auto* hold = x.services.quota.find(x.record.provider, x.record.key, now);
    return hold ? std::chrono::ceil<std::chrono::seconds>(hold->until - now) : std::chrono::seconds(0);
  }
  if (failure.cause != Cause::queue_full && failure.cause != Cause::queue_timeout && failure.cause != Cause::repeat) return {};
  auto wait = x.services.turnstile.admission().estimated_wait(x.record.provider, x.record.key, x.record.model, Clock::now());
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

/// Some providers quote the key they refuse. A key that siltgate put in is none of the client's business.
void hide_replacement_key(Exchange& x) {
  if (!x.replacement_key || x.replacement_key->value.empty()) return;
  std::string_view key = x.replacement_key->value;
  std::string& body = x.held->body;
  for (auto at = body.find(key); at != std::string::npos; at = body.find(key, at + key.size())) body.replace(at, key.size(), key.size(), '*');
}

Task<void> pass_provider_error(Exchange& x) {
  hide_replacement_key(x);
  http::BodyFraming framing{Kind::length, x.held->body.size()};
  if (x.request.method == "HEAD") framing = {Kind::none, 0};
  x.record.status = x.held->head.status;
  x.hashes.add_out(x.held->body);
  http::ResponseMarks marks = marks_of(x);
  co_await x.reply.whole(http::client_head(x.held->head, framing, marks), x.held->body);
}

Task<void> send_http_error(Exchange& x, Failure failure) {
  x.capture.own_from_here();
  if (failure.phase == Phase::read_request) x.must_close = true;  // the rest of the request is not understood
  auto reply = http::make_error_reply(failure, x.record.dialect, what_was_done(x), x.record.id, retry_after(x, failure));
  x.record.status = reply.status;
  http::ResponseMarks marks = marks_of(x, reply.proxy_status);
  std::string head = http::own_head(reply.status, reply.fields, {Kind::length, reply.body.size()}, marks);
  if (x.request.method == "HEAD") reply.body.clear();
  co_await x.reply.whole(std::move(head), reply.body);
}

Task<void> break_stream(Exchange& x, Failure failure) {
  x.capture.own_from_here();
  x.must_close = true;
  x.cut_off = x.reply.framing().kind == Kind::until_close;  // a FIN would be the proper end there
  if (x.complete_for_client || x.record.dialect == Dialect::none) co_return;                     // 3
  bool event = http::failure_for(x.config->stream_failure, x.record.user_agent) == http::StreamFailure::error_event;
  if (event && x.at_boundary) {                                                                 // 4
    std::string text = http::stream_error_event(failure, x.record.dialect, what_was_done(x), x.record.id);
    auto sent = co_await x.reply.send(text);
    x.told = sent.has_value();
  }
}

}  // namespace

Task<void> answer_failure(Exchange& x, Failure failure) {
  net::Watch& watch = x.client.watch();
  if (failure.party == Party::client && failure.cause == Cause::client_left) {  // 1
    x.must_close = true;
    x.record.closed_first = observe::Closer::client;
    co_return;
  }
  if (watch.raised() == net::Wake::client_left) co_return;
  if (failure.cause == Cause::cancelled) x.must_close = true;
  x.reply.give_up_after(std::chrono::seconds(5));  // the last words wait for no one longer
  watch.clear_deadline();
  failure.party = culprit(x, failure);
  if (!x.reply.head_sent() && failure.cause == Cause::provider_error && x.held) {  // 2
    co_await pass_provider_error(x);
  } else if (!x.reply.head_sent()) {
    co_await send_http_error(x, std::move(failure));
  } else {
    co_await break_stream(x, std::move(failure));
  }
  watch.clear_deadline();
}

}  // namespace siltgate::flow
