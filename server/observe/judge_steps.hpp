// SPDX-License-Identifier: Apache-2.0
// The steps of judge(), in their order (verdict.cpp lists them), and what they share. Only for observe/judge_*.cpp
// and verdict.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/record.hpp"

namespace siltgate::observe::steps {

/// Set when the step decided.
using Decision = std::optional<Verdict>;

Decision own_refusal(const ExchangeRecord& record);
Decision client_left(const ExchangeRecord& record);
Decision not_connected(const ExchangeRecord& record);
Decision provider_status(const ExchangeRecord& record);
Decision broken_stream(const ExchangeRecord& record);
Decision silence(const ExchangeRecord& record);
Decision damaged_bytes(const ExchangeRecord& record);
Decision in_band_error(const ExchangeRecord& record);
Decision flagged_damage(const ExchangeRecord& record);
Decision degenerate_text(const ExchangeRecord& record);
Decision changed_by_siltgate(const ExchangeRecord& record);
Decision client_replay(const ExchangeRecord& record);
Decision intact(const ExchangeRecord& record);
Verdict undecided(const ExchangeRecord& record);

/// Why the exchange failed: its own failure, else that of the last attempt when the reply did not end cleanly.
const Failure* failure_of(const ExchangeRecord& record);
Cause cause_of(const ExchangeRecord& record);
/// What the system said of it, unless the text says so already; "" also where TLS said it, whose words are in the text.
std::string untold(const Failure& failure);
/// The failure's text with the system's words, redacted; "" when there is neither.
std::string failure_text(const Failure& failure);

/// Who could have touched the bytes between the provider and siltgate.
enum class Between { nobody, public_tls, private_tls, unknown_tls, plain };
Between between(const ExchangeRecord& record);
/// The same as a sentence.
std::string between_fact(const ExchangeRecord& record);

/// The answer reached the client whole: cleanly ended, or left by a client that had its end.
bool complete(const ExchangeRecord& record);
/// What the delivered bytes are held against: the received ones, once decoded where they were gzip or deflate.
const std::string& comparable_sha256(const ExchangeRecord& record);
std::uint64_t comparable_bytes(const ExchangeRecord& record);
/// The answer was compressed in a way that siltgate does not decode.
bool unread(const ExchangeRecord& record);
/// What TCP_INFO showed, as a fact; "" when it was not asked.
std::string tcp_fact(const ExchangeRecord& record);
/// "3412 bytes of it were delivered."
std::string delivered_fact(const ExchangeRecord& record);

/// "1234 ms".
std::string ms(Duration duration);
/// From `from` to `to`; zero when either is unset or they are out of order.
Duration span(TimePoint from, TimePoint to);
/// Facts every verdict on the upstream ends with: earlier attempts, what had been delivered.
void add_history(const ExchangeRecord& record, std::vector<std::string>& facts);

}  // namespace siltgate::observe::steps
