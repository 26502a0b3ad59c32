// SPDX-License-Identifier: Apache-2.0
// One exchange from its first byte to its verdict. The attempt loop is the only loop: it goes round only while nothing of an
// upstream body was delivered.
#include "flow/credentials.hpp"
#include "flow/exchange.hpp"
#include "flow/marks.hpp"
#include "flow/pace.hpp"
#include "flow/relay.hpp"
#include "http/error_reply.hpp"
#include "http/forward.hpp"
#include "net/send_guard.hpp"
#include "observe/ids.hpp"

namespace siltgate::flow {
namespace {

// A stream waits for its next event inside run_attempts -> relay_body. What came before has its own coroutines, whose frames are
// gone by then: each would cost every open stream about a kilobyte.

/// The response has begun.
struct Begun {
  upstream::Lease lease;
  http::ResponseHead head;
};

/// connect -> send_request -> read_head, once.
Task<Result<Begun>> begin_response(Exchange& x, bool fresh_only) {
  x.phase = Phase::connect;
  auto lease = co_await connect(x, fresh_only);
  if (!lease) co_return lease.error();
  const net::SendGuard guard(lease->connection());
  x.phase = Phase::send_request;
  auto sent = co_await send_request(x, *lease);
  if (!sent && x.client.watch().raised() != net::Wake::none) co_return sent.error();
  // A write that broke may still have been answered (an early refusal), so the head is read all the same.
  x.phase = Phase::read_head;
  auto head = co_await read_head(x, *lease);
  if (!head) co_return sent ? head.error() : sent.error();
  if (!sent) head->wants_close = true;   // the rest of the request will never come
  co_return Begun{std::move(*lease), std::move(*head)};
}

/// What the record says of the response is said of the last attempt alone.
void forget_last_attempt(Exchange& x) {
  auto& record = x.record;
  record.last_byte_in = {};
  record.longest_gap = {};
  record.chunk_times = {};
  record.bytes_in = record.events = 0;
  record.provider_error.clear();
  record.finish_reason.clear();
  record.content_type.clear();
  record.content_coding.clear();
  record.close_notify.reset();
  record.path.reset();
  record.tcp.reset();
  x.hashes.reset();
  x.packed.reset();
  x.held_answer.release();
}

/// `done`: a whole answer was delivered, or why not.
void end_attempt(Exchange& x, const Result<void>& done) {
  x.reply.piece_waits();
  x.attempt().ended = Clock::now();
  if (!done) {
    x.attempt().failure = done.error();
    x.attempt().failure->detail = masked(x, x.attempt().failure->detail);
  }
  x.capture.attempt_ended(done ? nullptr : &*x.attempt().failure, x.attempt().ended);
  heed_quota(x, done.has_value() && x.refusal.klass == schedule::RefusalClass::none);
}

/// The attempt up to the head of its response. A reused connection that dies before any response byte is replaced once by a
/// fresh one.
Task<Result<Begun>> begin_attempt(Exchange& x) {
  x.refusal = {};
  x.early_body.clear();
  x.held.reset();
  forget_last_attempt(x);
  auto begun = co_await begin_response(x, false);
  if (!begun && begun.error().retry == Retry::if_reused && x.attempt().reused && x.attempt().first_byte == TimePoint{}) {
    x.attempt().resent_after = Clock::now() - x.attempt().admitted;
    begun = co_await begin_response(x, true);
  }
  co_return begun;
}

/// Gives the permit back or keeps the place for another attempt. True: go round again.
bool try_again(Exchange& x, const Failure& failure) {
  const double random = x.services.fraction();
  const LostAttempt lost = lost_attempt(x, failure);
  schedule::Ending ending = ending_of(failure, x.refusal);
  auto wait = x.services.draining ? std::nullopt : plan_retry(lost, x.provider->retry, random);
  if (!wait) {
    x.permit.give_back(ending, hold_behind(lost, random));
    return false;
  }
  x.attempt().back_off = *wait;
  x.waited += *wait;
  x.permit.wait_again(ending, Clock::now() + *wait);
  return true;
}

void beat(Exchange& x) {
  http::Fields fields;
  fields.add("Content-Type", "text/event-stream; charset=utf-8");
  fields.add("Cache-Control", "no-cache");
  http::BodyFraming framing = stream_framing(x);
  std::string head;
  if (!x.reply.head_sent()) {
    head = http::own_head(200, fields, framing, marks_of(x));
    x.record.status = 200;
  }
  x.reply.send_heartbeat(head, http::heartbeat_event(x.record.dialect), framing);
}

/// Each under one permit.
Task<Result<void>> run_attempts(Exchange& x) {
  const auto& queue = x.config->queue;
  if (x.record.stream && x.record.dialect != Dialect::none)
    x.heartbeat.start(queue.early_headers_after, queue.heartbeat, [&x] { beat(x); });
  for (;;) {
    x.phase = Phase::admit;
    auto admitted = co_await admit(x);
    if (!admitted) co_return admitted.error();
    auto begun = co_await begin_attempt(x);
    Result<void> done;
    if (begun) {
      x.phase = Phase::relay_body;
      done = co_await relay_body(x, std::move(begun->lease), std::move(begun->head));
    } else {
      done = begun.error();
    }
    end_attempt(x, done);
    if (done || !try_again(x, done.error())) co_return done;
  }
}

/// Sends what the page's source produces until the client leaves. A reader that stalls loses text, never memory.
Task<void> follow(Exchange& x, OwnPage& page) {
  net::Signal more(x.services.executor);
  auto text = std::make_shared<std::string>(page.body);
  auto end = page.follow([text, &more](const std::string& item) {
    if (text->size() < 1'000'000) *text += item;
    more.notify();
  });
  for (bool ok = true; ok;) {
    std::string now = std::exchange(*text, {});
    auto sent = co_await x.reply.send(now);
    if (!sent) break;
    if (text->empty()) ok = co_await more.wait(x.client.watch());
  }
  end();
}

/// Answers that need no upstream: own pages, HEAD /.
Task<Result<void>> answer_own(Exchange& x, OwnPage page) {
  page.fields.add("Content-Type", page.content_type);
  page.fields.add("Cache-Control", "no-store");
  x.answered = true;
  x.record.status = page.status;
  x.must_close = x.following = static_cast<bool>(page.follow);
  http::ResponseMarks marks = marks_of(x, page.proxy_status);
  if (page.follow) {
    http::BodyFraming framing = stream_framing(x);
    x.reply.begin(http::own_head(page.status, page.fields, framing, marks), framing);
    co_await follow(x, page);
    co_return Result<void>{};
  }
  std::string head = http::own_head(page.status, page.fields, {http::BodyFraming::Kind::length, page.body.size()}, marks);
  if (x.request.method == "HEAD") page.body.clear();
  auto sent = co_await x.reply.whole(std::move(head), page.body);
  co_return sent;
}

/// Reads and routes the request. Afterwards x.answered says that no upstream is needed.
Task<Result<void>> prepare(Exchange& x) {
  auto read = co_await read_request(x);
  if (!read) co_return read.error();
  std::optional<OwnPage> page;
  if (x.services.own_page) page = x.services.own_page(x.request, x.body, x.entrance);
  if (page) {
    auto answered = co_await answer_own(x, std::move(*page));
    co_return answered;
  }
  auto routed = choose_route(x);
  if (!routed) co_return routed.error();
  if (x.answered) {
    OwnPage empty;
    auto answered = co_await answer_own(x, std::move(empty));
    co_return answered;
  }
  co_return Result<void>{};
}

}  // namespace

Exchange::Exchange(Services& s, ClientLink& c, const Entrance& e)
    : services(s), client(c), reply(c, capture), config(s.config), routes(s.routes), entrance(e), held_body(s.body_bytes),
      held_answer(s.answer_bytes), heartbeat(s.executor) {
  services.live.insert(this);
  record.started_at = std::chrono::system_clock::now();
  record.accepted = Clock::now();
  record.peer = e.peer;
  record.id = observe::make_id(services.random());
}

Exchange::~Exchange() {
  services.live.erase(this);
  auto entry = services.under_way.find(under_way);
  if (entry != services.under_way.end() && --entry->second == 0) services.under_way.erase(entry);
}

/// Who gets the permit of this exchange goes first: judging and logging can wait the moment it takes to send a request.
Task<void> let_next_start(Exchange& x) {
  const bool handing_over = x.services.turnstile.handing_over();
  if (handing_over) co_await asio::post(x.services.executor, asio::use_awaitable);
}

Task<void> handle_exchange(Exchange& x) {
  auto run = co_await prepare(x);
  if (run && !x.answered) run = co_await run_attempts(x);
  x.heartbeat.stop();
  if (!run) {
    Failure failure = run.error();
    failure.detail = masked(x, failure.detail);
    note_failure(x, failure);
    if (failure.cause != Cause::client_left) begin_late_capture(x);
    co_await answer_failure(x, failure);
  }
  co_await let_next_start(x);
  x.client.guard(false);
  x.client.watch().clear_deadline();
  settle(x);
}

}  // namespace siltgate::flow
