// SPDX-License-Identifier: Apache-2.0
// What the provider says of the requests to come: quotas that are spent, and rate headers of good answers. Turns both into holds.
#pragma once

#include <cstdint>
#include <optional>

#include "flow/exchange.hpp"

namespace siltgate::flow {

/// About four bytes a token.
std::int64_t estimated_tokens(const Exchange& x);

/// After an attempt: a quota refusal holds its key until the reset it names, a served answer frees it. What ends within
/// limits.queue.max_wait is waited for in the queue; longer holds turn requests away (QuotaHolds).
void heed_quota(Exchange& x, bool served);
/// What another instance that shares the caps has met: name and text as heed_quota() tells them.
void heed_told_quota(schedule::QuotaHolds& quota, std::string_view name, std::string_view text, WallTime now);
/// A failure when the quota of this exchange's key is spent. Asked on arrival and again when the permit is granted.
std::optional<Failure> quota_spent(const Exchange& x);
/// The exchange has its permit and is sent now.
void pass_quota(Exchange& x);
/// The head of a good answer: holds the next start while the provider counts no room for it.
void heed_rate_headers(Exchange& x, const http::ResponseHead& head);

}  // namespace siltgate::flow
