// SPDX-License-Identifier: Apache-2.0
// Connections to upstreams, kept alive between exchanges. A Lease is a borrowed connection: dying it closes, reuse is an
// explicit put_back() after a clean end. Knows nothing of exchanges or requests.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/config.hpp"
#include "net/dial.hpp"
#include "net/proxy.hpp"

namespace siltgate::upstream {

/// Where a provider lives and how to get there.
struct Target {
  Url base_url;
  net::ProxyConfig proxy;
  net::TlsConfig tls;
  Duration connect_timeout{};

  /// Connections of equal names may serve each other's requests.
  std::string pool_name() const;
};

class Lease {
 public:
  /// `trust`: what Pool::renew_trust() counted when the connection was made.
  Lease(std::shared_ptr<net::Connection> connection, std::string pool_name, bool reused, bool through_proxy, unsigned trust)
      : connection_(std::move(connection)), pool_name_(std::move(pool_name)), reused_(reused), through_proxy_(through_proxy), trust_(trust) {}

  net::Connection& connection() { return *connection_; }
  /// For whoever wants to look at the connection from aside; does not keep it.
  std::weak_ptr<net::Connection> seen_from_aside() const { return connection_; }
  bool reused() const { return reused_; }
  bool through_proxy() const { return through_proxy_; }

 private:
  friend class Pool;
  std::shared_ptr<net::Connection> connection_;
  std::string pool_name_;
  bool reused_;
  bool through_proxy_;
  unsigned trust_;
};

class Pool {
 public:
  /// At most `most_idle` connections rest per target, each for at most `longest_rest`.
  Pool(asio::any_io_executor executor, net::Environment environment, std::size_t most_idle = 64,
       Duration longest_rest = std::chrono::seconds(50));

  /// The most recently used healthy connection, else a fresh one. `fresh_only`: the retry after a reused one failed.
  Task<Result<Lease>> borrow(Target target, bool fresh_only, net::Watch& watch);
  /// After a clean end of a keep-alive response. A connection that was made under certificates read before the last
  /// renew_trust() is closed.
  void put_back(Lease lease, TimePoint now);
  /// Closes what has rested too long; returns how many still rest.
  std::size_t sweep(TimePoint now);
  void close_all() { idle_.clear(); }
  /// Certificates are read anew for the next connection. What rests under the old ones is closed now, what is lent out
  /// when it comes back.
  void renew_trust() {
    ++trust_;
    close_all();
    contexts_.clear();
  }

 private:
  struct Resting {
    std::shared_ptr<net::Connection> connection;
    TimePoint since;
    bool through_proxy;
  };
  Result<std::shared_ptr<net::TlsContext>> tls_context(const net::TlsConfig& config);

  asio::any_io_executor executor_;
  net::Environment environment_;
  std::size_t most_idle_;
  Duration longest_rest_;
  unsigned trust_ = 0;
  std::map<std::string, std::vector<Resting>> idle_;
  std::map<std::string, std::shared_ptr<net::TlsContext>> contexts_;  // by ca_file and tls_min: the CA bundle loads once
};

}  // namespace siltgate::upstream
