// SPDX-License-Identifier: Apache-2.0
// Phase 4: a connection to the provider, reused or fresh.
#include "flow/exchange.hpp"

namespace siltgate::flow {
namespace {

/// What the verdict will want to know of the way to the provider.
void note_way(Exchange& x, upstream::Lease& lease) {
  net::Connection& connection = lease.connection();
  x.record.upstream_address = connection.peer();
  x.record.upstream_loopback = connection.peer_is_loopback();
  x.record.upstream_tls = x.provider->base_url.tls();
  x.record.through_proxy = lease.through_proxy();
  if (const net::TlsSummary* tls = connection.tls()) x.record.tls = observe::TlsSummary{tls->version, tls->issuer, tls->public_ca};
}

}  // namespace

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
  note_way(x, *lease);
  x.upstream = lease->seen_from_aside();
  co_return std::move(*lease);
}

}  // namespace siltgate::flow
