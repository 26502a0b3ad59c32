// SPDX-License-Identifier: Apache-2.0
// May the attempt be made again, and when? Pure: everything comes in as arguments.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "schedule/admission.hpp"
#include "schedule/config.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::flow {

struct LostAttempt {
  const Failure& failure;
  const schedule::Refusal& refusal;   // class none unless failure.cause is provider_error
  int attempts = 0;                   // made so far, this one included
  Duration waited{0};                 // between attempts so far
  bool delivered = false;             // a byte of an upstream body reached the client
  bool whole = false;                 // delivery: whole, which is asked for to have damage repeated
  Duration queue_wait = Duration::max();  // limits.queue.max_wait: what waits longer for its permit fails
};

/// How long to wait before the next attempt; empty = give up. `random` in [0,1) feeds full jitter.
std::optional<Duration> plan_retry(const LostAttempt& lost, const schedule::RetryConfig& config, double random);

/// How long nobody may follow on the quota of an attempt that is not made again; 0 = others may go at once.
Duration hold_behind(const LostAttempt& lost, double random);

/// How the attempt counts for the scheduler.
schedule::Ending ending_of(const Failure& failure, const schedule::Refusal& refusal);

}  // namespace siltgate::flow
