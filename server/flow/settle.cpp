// SPDX-License-Identifier: Apache-2.0
// Closes the books of an exchange, once, whatever its ending.
#include <tuple>
#include <utility>

#include "flow/exchange.hpp"

namespace siltgate::flow {
namespace {

/// Who ended the exchange's connections before their time. siltgate does when it gives up on either side: damage, silence, a
/// bound of its own, its own end.
observe::Closer closer(const Exchange& x, const Failure& failure) {
  if (failure.cause == Cause::client_left) return observe::Closer::client;
  if (failure.cause == Cause::upstream_closed || failure.cause == Cause::upstream_reset) return observe::Closer::upstream;
  return x.attempt_began() && failure.cause != Cause::provider_error ? observe::Closer::siltgate : observe::Closer::nobody;
}

}  // namespace

void note_failure(Exchange& x, const Failure& failure) {
  x.record.failure = failure;
  if (x.record.closed_first == observe::Closer::nobody) x.record.closed_first = closer(x, failure);
}

namespace {

/// Handed to the system is not yet arrived.
bool client_lost(Exchange& x) {
  const auto& failure = x.record.failure;
  return x.client.lost() || (failure && failure->cause == Cause::client_left && net::says_dead(failure->system)) ||
         (x.reply.head_sent() && x.client.unheard_for(net::acknowledged_within));
}

}  // namespace

void settle(Exchange& x) {
  auto& record = x.record;
  record.client_lost = client_lost(x);
  x.permit.give_back(schedule::Ending::ignored);  // nothing where it went back already
  record.ended = Clock::now();
  record.last_byte_out = record.ended;
  record.own += x.reply.own_time();
  record.bytes_out = x.hashes.out_bytes();
  record.inserted_bytes = x.reply.body_bytes() - record.bytes_out;
  record.delivered_body = x.delivered;
  record.ended_cleanly = x.reply.ended();
  std::tie(record.sha256_in, record.sha256_out) = x.hashes.end();
  if (x.packed) {
    record.sha256_decoded = std::exchange(record.sha256_in, x.packed->end());
    record.bytes_decoded = x.hashes.in_bytes();
  }
  bool own_page = x.answered && !record.failure;  // pages of siltgate itself are not exchanges with a provider
  if (!own_page && x.services.settled) x.services.settled(std::move(record), std::move(x.capture));
}

}  // namespace siltgate::flow
