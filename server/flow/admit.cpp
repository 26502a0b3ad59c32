// SPDX-License-Identifier: Apache-2.0
// Phase 3: waits for the permit. Leaves the queue when the client leaves or max_wait has passed.
#include "flow/exchange.hpp"

namespace siltgate::flow {
namespace {

schedule::Arrival arrival_of(const Exchange& x) {
  schedule::Arrival arrival;
  arrival.provider = x.provider->name;
  arrival.key = x.record.key;
  arrival.model = x.record.model;
  arrival.profile = x.provider->profile;
  arrival.klass = x.klass;
  arrival.session = x.record.session;
  arrival.estimated_tokens = static_cast<std::int64_t>(x.body.size() / 4);  // about four bytes a token
  return arrival;
}

}  // namespace

Task<Result<void>> admit(Exchange& x) {
  if (x.services.draining && x.record.attempts.empty())
    co_return Failure{Phase::admit, Party::siltgate, Cause::draining, Retry::never, {}, "siltgate is shutting down"};
  auto from = Clock::now();
  auto admitted = co_await x.services.turnstile.admit(x.permit, arrival_of(x), from + x.config->queue.max_wait, x.client.watch());
  auto now = Clock::now();
  x.record.queued += now - from;
  if (!admitted) co_return admitted.error();
  x.record.admitted = now;
  observe::Attempt attempt;
  attempt.admitted = now;
  x.record.attempts.push_back(std::move(attempt));
  co_return Result<void>{};
}

}  // namespace siltgate::flow
