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
/// Each address of a name is tried in the resolver's order with its share of the time, so that one dead address
/// does not use it all up.
Task<Result<Connection>> dial(asio::any_io_executor executor, Destination destination, Duration timeout, Watch& watch);

/// To a unix socket on this machine, without TLS.
Task<Result<Connection>> dial_unix(asio::any_io_executor executor, std::string path, Duration timeout, Watch& watch);

}  // namespace siltgate::net
