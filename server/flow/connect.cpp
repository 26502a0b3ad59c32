// SPDX-License-Identifier: Apache-2.0
// Phase 4: a connection to the provider, reused or fresh.
#include "flow/exchange.hpp"

namespace siltgate::flow {

Task<Result<upstream::Lease>> connect(Exchange& x, bool fresh_only) {
  upstream::Target target;
  target.base_url = x.provider->base_url;
  target.proxy = x.provider->proxy;
  target.tls = x.provider->tls;
  target.connect_timeout = x.provider->timeouts.connect;
  auto lease = co_await x.services.pool.borrow(std::move(target), fresh_only, x.client.watch());
  if (!lease) co_return lease.error();
  x.record.connected = Clock::now();
  x.attempt().connected = x.record.connected;
  x.attempt().reused = lease->reused();
  co_return std::move(*lease);
}

}  // namespace siltgate::flow
