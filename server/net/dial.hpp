// SPDX-License-Identifier: Apache-2.0
// A fresh connection to an upstream: names resolved, TCP connected (through a CONNECT proxy where one is set), TLS verified.
// Knows nothing of requests; no credential of the upstream passes here.
#pragma once

#include <memory>
#include <optional>

#include "base/url.hpp"
#include "net/connection.hpp"

namespace siltgate::net {

struct Destination {
  Url upstream;
  std::optional<Url> proxy;
  std::shared_ptr<TlsContext> tls;  // null for plain http
};

/// The whole of it takes at most `timeout`. Failures are safe to retry except refused certificates and proxies, and
/// handshakes that would fail again.
/// The addresses of a name are tried in the resolver's order, the families by turns, each a moment after the one before while that has not
/// answered (RFC 8305): a dead address costs a quarter of a second, not its share of the time.
Task<Result<Connection>> dial(asio::any_io_executor executor, Destination destination, Duration timeout, Watch& watch);

/// To a unix socket on this machine, without TLS.
Task<Result<Connection>> dial_unix(asio::any_io_executor executor, std::string path, Duration timeout, Watch& watch);

}  // namespace siltgate::net
