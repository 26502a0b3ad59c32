// SPDX-License-Identifier: Apache-2.0
// Closes the books of an exchange, once, whatever its ending.
#include "flow/exchange.hpp"

namespace siltgate::flow {

void settle(Exchange& x, const std::optional<Failure>& failure) {
  auto& record = x.record;
  x.permit.give_back(schedule::Ending::ignored);  // nothing where it went back already
  record.ended = Clock::now();
  record.last_byte_out = record.ended;
  record.own += x.reply.own_time();
  record.failure = failure;
  record.bytes_out = x.hashes.out_bytes();
  record.inserted_bytes = x.reply.body_bytes() - record.bytes_out;
  record.client_keep_alive = !x.must_close;
  record.delivered_body = x.delivered;
  record.ended_cleanly = x.reply.ended();
  record.sha256_in = x.hashes.in_hex();
  record.sha256_out = x.hashes.out_hex();
  if (record.closed_first == observe::Closer::nobody && failure &&
      (failure->cause == Cause::upstream_closed || failure->cause == Cause::upstream_reset))
    record.closed_first = observe::Closer::upstream;
  bool own_page = x.answered && !failure;  // pages of siltgate itself are not exchanges with a provider
  if (!own_page && x.services.settled) x.services.settled(std::move(record), std::move(x.capture));
}

}  // namespace siltgate::flow
