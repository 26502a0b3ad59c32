// SPDX-License-Identifier: Apache-2.0
// What is not looked at: calls that are no inference, redirects, answers compressed in a way siltgate does not decode. Nobody can
// tell damage in them from the rest, so all care goes into the ends:
//   1. Nothing leaves before there is something of a body, or its end: until then a failure may be tried again, or told.
//   2. After that a cut stays a cut. An error event would be bytes of the body that is missing.
//   3. An event stream that was promised while the request waited can hold none of this.
//   4. `delivery: whole` delivers it when it has all come.
#include "flow/relay.hpp"
#include "http/forward.hpp"

namespace siltgate::flow {
namespace {

/// Bytes that go on as they come.
class Passed final : public BodySource::Sink {
 public:
  Passed(Exchange& x, const BodySource& source, http::ResponseHead& head) : x_(x), source_(source), head_(head) {}

  bool take(BodySource::Piece piece) override {
    if (piece.last) failure = source_.cut_short();
    if (failure && (piece.bytes.empty() || !x_.delivered)) return false;
    if (piece.last && !failure) body_ended(x_, schedule::Ending::served);
    if (!x_.delivered) begin();                                                        // 1
    x_.hashes.relay(piece.bytes, {}, piece.bytes);
    complete = piece.last && !failure;
    auto sent = x_.reply.put(piece.bytes, {}, complete);
    if (!sent) failure = sent.error();
    return !failure && !x_.reply.stalled();
  }

  std::optional<Failure> failure;
  bool complete = false;

 private:
  void begin() {
    using Kind = http::BodyFraming::Kind;
    http::BodyFraming framing = head_.framing;
    if (framing.kind == Kind::chunked || framing.kind == Kind::until_close || x_.packed) framing = stream_framing(x_);
    http::ResponseMarks marks = marks_of(x_);
    x_.heartbeat.stop();
    x_.record.status = head_.status;
    x_.delivered = true;
    x_.at_boundary = false;                                                            // 2
    x_.reply.begin(http::client_head(head_, framing, marks), framing);
  }

  Exchange& x_;
  const BodySource& source_;
  http::ResponseHead& head_;
};

Failure not_promised(const Exchange& x, int status) {
  Failure failure{Phase::read_head, Party::provider, Cause::damaged, Retry::never, {}, ""};
  failure.detail = "the answer (HTTP " + std::to_string(status) + ", " + (x.record.content_type.empty() ? "without Content-Type" : x.record.content_type) +
                   (x.record.content_coding.empty() ? "" : ", compressed with " + x.record.content_coding) +
                   ") cannot go into the event stream that was begun while the request waited";
  return failure;
}

}  // namespace

Task<Result<void>> relay_as_is(Exchange& x, BodySource source, http::ResponseHead head) {
  if (x.reply.head_sent()) {                                                           // 3
    source.close();
    co_return not_promised(x, head.status);
  }
  const bool answer = x.record.dialect != Dialect::none && head.framing.kind != http::BodyFraming::Kind::none;
  if (answer && x.delivery == Delivery::whole) {                                       // 4
    auto body = co_await source.all(x.config->http.response_body);
    if (!body) co_return body.error();
    auto sent = co_await deliver_whole(x, std::move(head), std::move(*body));
    co_return sent;
  }
  Passed passed(x, source, head);
  do {
    auto read = co_await source.each(passed);
    if (!read) co_return read.error();
    auto flushed = co_await x.reply.flush();
    if (!flushed) co_return flushed.error();
    if (passed.failure) co_return *passed.failure;
  } while (!passed.complete);
  auto ended = co_await x.reply.end();
  co_return ended;
}

}  // namespace siltgate::flow
