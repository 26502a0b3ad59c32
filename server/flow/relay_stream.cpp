// SPDX-License-Identifier: Apache-2.0
// The hot path: one read, one pass of the checks, one write. Nothing is delivered before the first whole event is sound, so
// that everything until then can still be tried again.
#include "flow/credentials.hpp"
#include "flow/relay.hpp"
#include "flow/retry.hpp"
#include "http/forward.hpp"
#include "stream/stream_checker.hpp"

namespace siltgate::flow {
namespace {

constexpr std::size_t prelude_bound = 64 * 1024;  // comments held back before the first event

struct Relayed final : BodySource::Sink {
  Relayed(Exchange& of, BodySource& from, http::ResponseHead& with)
      : x(of), source(from), head(with), checker(of.record.dialect, of.validate) {}
  bool take(BodySource::Piece piece) override;

  Exchange& x;
  BodySource& source;         // both in the frame of relay_stream
  http::ResponseHead& head;
  std::string prelude{};      // sound bytes from before the first event
  std::optional<Failure> failure{};   // of the attempt, behind what the reply still holds
  // Every read touches these, and whether there is a failure, which stands at the end of it.
  stream::StreamChecker checker;
  std::size_t noted = 0;      // findings already in the record
  bool committed = false;     // something was delivered
  bool refused = false;       // an error came before anything that could be delivered
  bool complete = false;      // the client has everything, but for what the reply still holds
};

void note_new(Relayed& r) {
  const auto& all = r.checker.findings();
  if (all.size() == r.noted) return;
  note_findings(r.x, {all.begin() + static_cast<std::ptrdiff_t>(r.noted), all.end()});
  r.noted = all.size();
}

/// Classes an in-band error, once.
void class_error(Relayed& r) {
  Exchange& x = r.x;
  const auto& error = r.checker.provider_error();
  if (!error || x.refusal.klass != schedule::RefusalClass::none) return;
  auto lookup = [&r](std::string_view name) { return r.head.fields.find(name); };
  x.refusal = schedule::classify_event(x.provider->profile, error->json, lookup, std::chrono::system_clock::now());
  x.attempt().refusal = std::string(schedule::to_string(x.refusal.klass));
  x.attempt().code = x.refusal.code;
}

/// What the checker learned goes into the record, at every ending.
void note_outcome(Relayed& r) {
  note_new(r);
  auto& record = r.x.record;
  record.events = r.checker.events();
  record.finish_reason = std::string(r.checker.finish_reason());
  count_tokens(r.x, r.checker.usage());
  r.x.complete_for_client = r.committed && r.checker.saw_proper_end();
  if (const auto& error = r.checker.provider_error()) record.provider_error = masked(r.x, error->json).substr(0, 512);
  class_error(r);
}

Failure damage(const Relayed& r) {
  Failure failure{Phase::relay_body, Party::provider, Cause::damaged, Retry::safe, {}, ""};
  const auto& findings = r.checker.findings();
  if (const Finding* named = rejecting(findings)) {
    for (const Finding& other : findings)
      if (other.event == named->event && other.action == Action::reject) named = naming(&other, named);
    const Finding& f = *named;
    failure.detail = "event " + std::to_string(f.event) + " at byte " + std::to_string(f.offset) + " failed the check " +
                     std::string(to_string(f.check)) + ": " + f.reason;
  }
  return failure;
}

Failure over_bound(const Exchange& x) {
  Failure failure{Phase::relay_body, Party::provider, Cause::response_too_large, Retry::never, {}, ""};
  failure.detail = "the answer is over limits.response_body (" + format_bytes(x.config->http.response_body) + "), which delivery \"whole\" has to hold";
  return failure;
}

Failure refusal(const Exchange& x) {
  Failure failure{Phase::relay_body, Party::provider, Cause::provider_error, Retry::never, {}, ""};
  failure.detail = "error as the first event, code " + x.refusal.code + ": " + x.refusal.message;
  return failure;
}

/// An error as the first event is classed like a status; a failure when it may be tried again.
std::optional<Failure> first_event_refused(Relayed& r) {
  Exchange& x = r.x;
  const auto& error = r.checker.provider_error();
  if (r.committed || !error) return {};
  class_error(r);
  r.refused = true;
  Failure failure = refusal(x);
  if (!plan_retry(lost_attempt(x, failure), x.provider->retry, 0)) return {};
  return failure;
}

/// The provider has said all it had to say. Where that was an error alone, it counts as a refusing status does.
void answer_ended(Relayed& r) {
  Exchange& x = r.x;
  count_tokens(x, r.checker.usage());
  if (!r.checker.provider_error()) return body_ended(x, schedule::Ending::served);
  if (!r.refused) return body_ended(x, schedule::Ending::ignored);
  const Failure failure = refusal(x);
  body_ended(x, ending_of(failure, x.refusal), hold_behind(lost_attempt(x, failure), x.services.fraction()));
}

/// The provider's error in mid-stream is in a shape that clients skip: they must be told in theirs, and see no proper end.
std::optional<Failure> unseen_error(Relayed& r) {
  const auto& error = r.checker.provider_error();
  if (!error || error->shown || r.checker.saw_proper_end()) return {};
  Exchange& x = r.x;
  class_error(r);
  Failure failure{Phase::relay_body, Party::provider, Cause::provider_error, Retry::never, {}, ""};
  failure.detail = "error in the middle of the answer" + (x.refusal.code.empty() ? "" : ", code " + x.refusal.code);
  failure.detail += ": " + (x.refusal.message.empty() ? error->json.substr(0, 256) : x.refusal.message);
  return failure;
}

/// May what is held back and what `step` adds leave now? `delivery: whole` waits for the sound end of everything.
bool may_begin(const Relayed& r, const stream::Step& step, bool complete) {
  if (complete || r.x.delivery == Delivery::whole) return complete;
  std::size_t size = r.prelude.size() + step.first.size() + step.second.size();
  return r.checker.events() > (step.rejected ? 1u : 0u) || size > prelude_bound;
}

/// The first bytes leave: from here on there is no other attempt.
void commit(Relayed& r) {
  Exchange& x = r.x;
  r.committed = x.delivered = true;
  x.record.first_event = Clock::now();
  x.heartbeat.stop();
  x.record.status = r.head.status;
  http::BodyFraming framing = stream_framing(x);
  http::ResponseMarks marks = marks_of(x);
  x.reply.begin(http::client_head(r.head, framing, marks), framing);
  x.body.release();  // no retry from here on
  x.held_body.release();
}

/// Holds back, as long as nothing was delivered.
Result<void> hold(Relayed& r, const stream::Step& step) {
  Exchange& x = r.x;
  r.prelude.append(step.first).append(step.second);
  if (r.prelude.size() > x.config->http.response_body.count) return over_bound(x);
  if (!x.held_answer.grow(step.first.size() + step.second.size(), x.config->http.response_bodies)) return no_room_for_answer(x);
  return {};
}

/// `read`: the bytes that led to this step.
Result<void> deliver(Relayed& r, std::string_view read, const stream::Step& step, bool complete) {
  Exchange& x = r.x;
  x.at_boundary = step.at_boundary;
  if (r.committed) {
    x.hashes.relay(read, step.first, step.second);
    return x.reply.put(step.first, step.second, complete);
  }
  x.hashes.add_in(read);
  if (!may_begin(r, step, complete)) return hold(r, step);
  commit(r);
  const std::string prelude = std::move(r.prelude.append(step.first).append(step.second));
  r.prelude = {};
  x.hashes.add_out(prelude);
  return x.reply.put(prelude, {}, complete);
}

/// Compressed data that stops before its own end: worth a flag behind the answer's proper end, else damage.
std::optional<Failure> packing_ends_early(Relayed& r) {
  auto failure = r.source.cut_short();
  if (!failure) return {};
  const bool whole = r.checker.saw_proper_end();
  Finding finding;
  finding.check = Check::finish;
  finding.action = whole ? Action::flag : Action::reject;
  finding.doubtful = whole;
  finding.event = r.checker.events();
  finding.reason = failure->detail;
  note_findings(r.x, {finding});
  if (whole) failure.reset();
  return failure;
}

/// The body is complete: what the checker still held, behind what this piece brought.
stream::Step last_step(Relayed& r, const stream::Step& step, std::string& tail) {
  tail.append(step.first).append(step.second);  // finish() ends the views' life
  const stream::Step end = r.checker.finish();
  note_new(r);
  tail.append(end.first).append(end.second);
  return {tail, {}, end.rejected, end.rejected ? step.at_boundary : end.at_boundary};
}

/// Did the answer end where its sender did not end it? Not where the client left or siltgate cut, nor where a check said it already.
bool broke_off(const Failure& failure) {
  return failure.cause != Cause::damaged && (failure.party == Party::provider || failure.party == Party::network);
}

/// One piece of the upstream body. False: it was the last, or the attempt failed, or the client is slow.
bool Relayed::take(BodySource::Piece piece) {
  stream::Step step = checker.feed(piece.bytes);
  x.record.events = checker.events();
  note_new(*this);
  failure = first_event_refused(*this);
  if (failure) {
    x.hashes.add_in(piece.bytes);
    return false;
  }
  std::string tail;
  if (piece.last && !step.rejected) {
    failure = packing_ends_early(*this);
    if (!failure) step = last_step(*this, step, tail);
  }
  if (step.rejected) source.close();
  const bool sound_end = piece.last && !step.rejected && !failure;
  if (sound_end) answer_ended(*this);
  if (!failure && (step.rejected || piece.last)) failure = unseen_error(*this);
  auto sent = deliver(*this, piece.bytes, step, sound_end && !failure);
  if (!sent) failure = sent.error();
  else if (!failure && step.rejected) failure = damage(*this);
  complete = sound_end && !failure;
  return !failure && !complete && !x.reply.stalled();
}

}  // namespace

Task<Result<void>> relay_stream(Exchange& x, BodySource source, http::ResponseHead head) {
  Relayed r(x, source, head);
  do {
    auto read = co_await r.source.each(r);
    if (!read) r.failure = read.error();
    if (!read && broke_off(read.error())) r.checker.broken();
    auto flushed = co_await x.reply.flush();
    if (!flushed) r.failure = flushed.error();
  } while (!r.failure && !r.complete);
  note_outcome(r);
  if (r.failure) co_return *r.failure;
  auto ended = co_await x.reply.end();
  co_return ended;
}

}  // namespace siltgate::flow
