// SPDX-License-Identifier: Apache-2.0
// Steps 4 and 8 of judge(): errors the provider reported, by status or inside a 200 answer.
#include <fmt/format.h>

#include "observe/advice.hpp"
#include "observe/judge_steps.hpp"
#include "observe/redact.hpp"

namespace siltgate::observe::steps {
namespace {

Verdict reported(const Attempt& last, int status) {
  const Explained explained = explain_refusal(last.refusal, last.code, status);
  Verdict v;
  v.blame = Blame::provider;
  v.certainty = Certainty::certain;
  v.cause = !last.refusal.empty() ? last.refusal : status >= 400 ? fmt::format("status_{}", status) : "provider_error";
  const std::string code = last.code.empty() ? "" : " (code " + redact(last.code) + ")";
  v.summary = status >= 400
                  ? fmt::format("the provider answered with status {}{}: {}", status, code, explained.meaning)
                  : fmt::format("the provider reported an error inside its answer{}: {}", code, explained.meaning);
  v.advice = explained.advice;
  return v;
}

bool html(const ExchangeRecord& record) { return record.content_type.find("html") != std::string::npos; }

void add_message(const ExchangeRecord& record, Verdict& v) {
  if (!record.provider_error.empty()) v.facts.push_back("The provider's words: " + redact(record.provider_error));
}

/// Somebody who sends the client elsewhere has not taken the request.
Verdict redirected(const ExchangeRecord& record, int status) {
  Verdict v;
  v.blame = between(record) == Between::private_tls ? Blame::network : Blame::provider;
  v.certainty = between(record) == Between::public_tls || between(record) == Between::nobody ? Certainty::certain : Certainty::likely;
  v.cause = fmt::format("status_{}", status);
  v.summary = fmt::format("a redirect (status {}) came in place of an answer", status);
  v.facts.push_back(between_fact(record));
  v.facts.push_back("It was passed on as it came; where the client goes from there siltgate does not see.");
  v.advice = "Look at base_url: http in place of https, or a wrong path. In a hotel or on a train the network may want a login first: "
             "open any page in a browser. siltgate show ID --headers tells where it leads, if the exchange was recorded.";
  add_history(record, v.facts);
  return v;
}

}  // namespace

Decision provider_status(const ExchangeRecord& record) {
  if (record.attempts.empty()) return {};
  const Attempt& last = record.attempts.back();
  const int status = last.status != 0 ? last.status : cause_of(record) == Cause::provider_error ? record.status : 0;
  if (status >= 300 && status < 400 && record.dialect != Dialect::none) return redirected(record, status);
  if (status < 400) return {};
  Verdict v = reported(last, status);
  if (html(record) && last.code.empty() && between(record) != Between::public_tls) {
    v.certainty = Certainty::likely;
    v.facts.push_back("The error came as an HTML page without a provider code: a gateway in between may have made it.");
  }
  v.facts.push_back(fmt::format("The status came {} after the request was let through.",
                                ms(span(last.admitted, last.first_byte))));
  add_message(record, v);
  add_history(record, v.facts);
  return v;
}

Decision in_band_error(const ExchangeRecord& record) {
  const bool refused = !record.attempts.empty() && !record.attempts.back().refusal.empty();
  if (record.provider_error.empty() && !refused && cause_of(record) != Cause::provider_error) return {};
  const bool of_earlier_attempt = record.attempts.size() > 1 && !refused && complete(record) && !record.finish_reason.empty();
  if (of_earlier_attempt) return {};
  Verdict v = reported(record.attempts.empty() ? Attempt{} : record.attempts.back(), 0);
  v.facts.push_back(fmt::format("It came in an answer with status {} after {} bytes in {} events.", record.status,
                                record.bytes_in, record.events));
  add_message(record, v);
  add_history(record, v.facts);
  return v;
}

}  // namespace siltgate::observe::steps
