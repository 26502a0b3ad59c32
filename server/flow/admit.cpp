// SPDX-License-Identifier: Apache-2.0
// Phase 3: waits for the permit. Leaves the queue when the client leaves or max_wait has passed.
#include "flow/exchange.hpp"
#include "flow/pace.hpp"

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
  arrival.estimated_tokens = estimated_tokens(x);
  return arrival;
}

/// How long an exchange whose body came again and again has to wait before it may queue. Only a repeat that follows the end of the
/// one before counts: copies sent side by side are load, not a loop.
Duration repeat_delay(Exchange& x) {
  if (x.record.dialect == Dialect::none || x.body.empty()) return {};
  x.under_way = x.record.session + " " + x.record.request_sha256;
  if (++x.services.under_way[x.under_way] > 1) return {};
  auto verdict = x.services.repeat.arrived(x.record.session, x.record.request_sha256, Clock::now());
  if (verdict.delay > Duration::zero()) x.record.repeated = verdict.seen;
  return verdict.delay;
}

/// The repeat guard's pause; ends early with the client or the shutdown.
Task<Result<void>> hold_repeat(Exchange& x, Duration delay) {
  net::Signal nothing(x.services.executor);
  net::Watch& watch = x.client.watch();
  watch.set_deadline_in(delay);
  co_await nothing.wait(watch);
  if (watch.raised() != net::Wake::deadline) co_return x.client.connection().failure_of(watch, Phase::admit);
  watch.clear_deadline();
  x.record.queued += delay;
  co_return Result<void>{};
}

}  // namespace

Task<Result<void>> admit(Exchange& x) {
  if (x.services.draining && x.record.attempts.empty())
    co_return Failure{Phase::admit, Party::siltgate, Cause::draining, Retry::never, {}, "siltgate is shutting down"};
  if (auto spent = quota_spent(x)) co_return *spent;
  if (x.record.attempts.empty()) {
    Duration delay = repeat_delay(x);
    if (delay > x.config->queue.max_wait)
      co_return Failure{Phase::admit, Party::client, Cause::repeat, Retry::never, {}, "the same request came again and again"};
    if (delay > Duration::zero()) {
      auto held = co_await hold_repeat(x, delay);
      if (!held) co_return held.error();
    }
  }
  auto from = Clock::now();
  if (x.record.attempts.empty() && x.record.repeated == 0) x.record.own += from - x.request_read;
  auto admitted = co_await x.services.turnstile.admit(x.permit, arrival_of(x), from + x.config->queue.max_wait, x.client.watch());
  auto now = Clock::now();
  x.record.queued += now - from;
  if (!admitted) co_return admitted.error();
  if (auto spent = quota_spent(x)) {  // it may have been spent while this one waited
    x.permit.give_back(schedule::Ending::unused);
    co_return *spent;
  }
  pass_quota(x);
  x.record.admitted = now;
  observe::Attempt attempt;
  attempt.admitted = now;
  x.record.attempts.push_back(std::move(attempt));
  x.capture.attempt(static_cast<int>(x.record.attempts.size()));
  co_return Result<void>{};
}

}  // namespace siltgate::flow
