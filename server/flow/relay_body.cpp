// SPDX-License-Identifier: Apache-2.0
// Phase 7: what kind of response this is, and the way it goes to the client:
//   1. An error status: held whole and classed, so that it can be retried.
//   2. A stream was asked and something else came: never delivered as an answer (clients loop on it).
//   3. A stream of a known dialect: checked event by event (relay_stream).
//   4. A JSON answer of a known dialect: checked whole (relay_whole).
//   5. Everything else, and what is compressed in a way siltgate does not decode: bytes as they come (relay_as_is).
#include "flow/credentials.hpp"
#include "base/ascii.hpp"
#include "flow/relay.hpp"

#include "flow/pace.hpp"
#include "http/forward.hpp"

namespace siltgate::flow {
namespace {

std::string media_type(const http::ResponseHead& head) {
  std::string type(head.fields.find("content-type").value_or(""));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return lower(type);
}

void class_refusal(Exchange& x, const http::ResponseHead& head, std::string_view body) {
  auto lookup = [&head](std::string_view name) { return head.fields.find(name); };
  x.refusal = schedule::classify(x.provider->profile, head.status, body, lookup, std::chrono::system_clock::now());
  x.attempt().refusal = std::string(schedule::to_string(x.refusal.klass));
  x.attempt().code = x.refusal.code;
  if (!x.refusal.message.empty()) x.record.provider_error = masked(x, x.refusal.message).substr(0, 512);
}

Failure provider_said(const Exchange& x, const http::ResponseHead& head) {
  Failure failure{Phase::relay_body, Party::provider, Cause::provider_error, Retry::never, {}, ""};
  failure.detail = "HTTP " + std::to_string(head.status);
  if (!x.refusal.code.empty()) failure.detail += ", code " + x.refusal.code;
  if (!x.refusal.message.empty()) failure.detail += ": " + x.refusal.message;
  return failure;
}

/// 1. Ends always in a failure; answer_failure() delivers x.held when no retry is left.
Task<Result<void>> hold_error(Exchange& x, BodySource source, http::ResponseHead head) {
  auto body = co_await source.all(x.config->http.response_body);
  if (!body) co_return body.error();
  class_refusal(x, head, *body);
  Failure failure = provider_said(x, head);
  x.held = std::make_unique<HeldResponse>(HeldResponse{std::move(head), std::move(*body)});
  co_return failure;
}

/// 2. A 200 that is no stream: an error envelope is classed as the provider's word, the rest is damage.
Task<Result<void>> refuse_wrong_type(Exchange& x, BodySource source, http::ResponseHead head, std::string type) {
  auto body = co_await source.all(x.config->http.response_body);
  if (!body) co_return body.error();
  class_refusal(x, head, *body);
  if (x.refusal.klass != schedule::RefusalClass::none) co_return provider_said(x, head);
  x.attempt().refusal.clear();  // damage, not a refusal
  Finding finding;
  finding.check = Check::content_type;
  finding.action = Action::reject;
  finding.reason = "a stream was asked, the answer is " + (type.empty() ? std::string("without Content-Type") : type);
  finding.excerpt = body->substr(0, 64);
  Failure failure{Phase::read_head, Party::provider, Cause::damaged, Retry::safe, {}, finding.reason};
  note_findings(x, {finding});
  co_return failure;
}

void flag_type(Exchange& x, std::string reason, bool doubtful = false) {
  if (x.config->validate[Check::content_type] == Action::pass) return;
  Finding finding;
  finding.check = Check::content_type;
  finding.reason = std::move(reason);
  finding.doubtful = doubtful;
  note_findings(x, {finding});
}

/// Takes down what the answer is compressed with. True: BodySource will take that off, so the head no longer names it.
bool note_coding(Exchange& x, http::ContentCoding coding, http::ResponseHead& head) {
  x.record.content_coding = std::string(head.fields.find("content-encoding").value_or("").substr(0, 64));
  if (coding == http::ContentCoding::identity) x.record.content_coding.clear();
  if (!unpacks(coding, head)) return false;
  http::forget_content_coding(head.fields);
  return true;
}

}  // namespace

void note_findings(Exchange& x, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    Finding& noted = x.record.findings.emplace_back(finding);
    noted.attempt = static_cast<int>(x.record.attempts.size());
    noted.reason = masked(x, noted.reason);
    noted.excerpt = masked(x, noted.excerpt);
    x.capture.finding(noted, Clock::now());
    if (x.services.found) x.services.found(x.record, noted);
  }
}

void count_tokens(Exchange& x, const stream::Usage& usage) {
  x.record.in_tokens = usage.input_tokens;
  x.record.out_tokens = usage.output_tokens;
  if (usage.input_tokens >= 0 && usage.output_tokens >= 0) x.permit.correct_tokens(usage.input_tokens + usage.output_tokens);
}

void body_ended(Exchange& x, schedule::Ending ending, Duration hold) {
  x.attempt().ended = Clock::now();
  x.permit.give_back(ending, hold);
}

Task<Result<void>> deliver_whole(Exchange& x, http::ResponseHead head, std::string body) {
  body_ended(x, schedule::Ending::served);
  x.heartbeat.stop();
  x.record.status = head.status;
  x.hashes.add_out(body);
  x.delivered = true;
  x.at_boundary = false;
  http::BodyFraming framing{http::BodyFraming::Kind::length, body.size()};
  http::ResponseMarks marks = marks_of(x);
  auto sent = co_await x.reply.whole(http::client_head(head, framing, marks), body);
  co_return sent;
}

// No coroutine itself: a frame that only waits for another would cost every stream a kilobyte.
Task<Result<void>> relay_body(Exchange& x, upstream::Lease&& lease, http::ResponseHead&& head) {
  BodySource source(x, std::move(lease), head);
  std::string type = media_type(head);
  http::ContentCoding coding = http::content_coding(head.fields);
  bool readable = note_coding(x, coding, head) || coding == http::ContentCoding::identity;
  x.record.content_type = type.substr(0, 64);
  bool ok = head.status >= 200 && head.status < 300;
  const bool answer = ok && x.record.dialect != Dialect::none;   // of an inference call
  bool streamed = type == "text/event-stream";
  if (answer) heed_rate_headers(x, head);
  if (head.status >= 400) return hold_error(x, std::move(source), std::move(head));  // 1
  if (answer && x.record.stream && !streamed) {  // 2
    Action action = x.config->validate[Check::content_type];
    if (action == Action::reject) return refuse_wrong_type(x, std::move(source), std::move(head), std::move(type));
    if (action == Action::flag) flag_type(x, "a stream was asked, the answer is " + type);
  }
  if (answer && !readable && head.framing.kind != http::BodyFraming::Kind::none) {  // 5
    flag_type(x, "the answer is compressed with " + x.record.content_coding + ", which siltgate does not decode: nothing of it was checked");
    return relay_as_is(x, std::move(source), std::move(head));
  }
  if (answer && streamed && !x.record.stream) flag_type(x, "no stream was asked, the answer is one", true);
  if (answer && streamed) return relay_stream(x, std::move(source), std::move(head));                         // 3
  if (answer && !x.record.stream) return relay_whole(x, std::move(source), std::move(head), std::move(type));  // 4
  return relay_as_is(x, std::move(source), std::move(head));                                                                                  // 5
}

}  // namespace siltgate::flow
