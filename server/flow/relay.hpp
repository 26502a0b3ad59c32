// SPDX-License-Identifier: Apache-2.0
// The ways a response body goes to the client; relay_body() chooses. Each returns the failure of the attempt, or nothing
// when the client has the whole answer.
#pragma once

#include <vector>

#include "flow/body_source.hpp"
#include "flow/exchange.hpp"
#include "flow/marks.hpp"
#include "flow/retry.hpp"
#include "stream/stream_checker.hpp"

namespace siltgate::flow {

/// Checked event by event, forwarded as soon as each is sound. Until the first event is delivered, damage and an in-band
/// provider error of a retried class are failures that may be tried again.
Task<Result<void>> relay_stream(Exchange& x, BodySource source, http::ResponseHead head);
/// Read whole, checked whole, delivered with Content-Length.
Task<Result<void>> relay_whole(Exchange& x, BodySource source, http::ResponseHead head, std::string type);
/// Not validated: bytes as they come, from the first of the body on; with `delivery: whole` when all have come.
Task<Result<void>> relay_as_is(Exchange& x, BodySource source, http::ResponseHead head);

/// An answer that is all there, with Content-Length; the permit goes back first.
Task<Result<void>> deliver_whole(Exchange& x, http::ResponseHead head, std::string body);

/// What plan_retry() asks. Refers to `failure` and to x.
inline LostAttempt lost_attempt(const Exchange& x, const Failure& failure) {
  return {failure,     x.refusal,   static_cast<int>(x.record.attempts.size()), x.waited,
          x.delivered, x.delivery == Delivery::whole, x.config->queue.max_wait};
}

void note_findings(Exchange& x, const std::vector<Finding>& findings);
/// What the answer said it cost: into the record, and in place of the estimate. Before body_ended().
void count_tokens(Exchange& x, const stream::Usage& usage);
/// The upstream body has ended: the permit goes back before the client has read the rest. `hold`: how long its limits rest.
void body_ended(Exchange& x, schedule::Ending ending, Duration hold = {});

}  // namespace siltgate::flow
