// SPDX-License-Identifier: Apache-2.0
// A CONNECT proxy for flow tests: every tunnel ends at one loopback port, whatever name the client asked for.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/wire.hpp"

namespace siltgate::test {

struct ConnectProxyOptions {
  std::string credentials;     // "user:password" that must be given (Basic); "" = none asked
  int refuse_with = 0;         // answer every CONNECT with this status; 0 = tunnel
};

class ConnectProxy {
 public:
  explicit ConnectProxy(std::uint16_t upstream_port, ConnectProxyOptions options = {});
  ~ConnectProxy();

  std::string url() const;                    // "http://127.0.0.1:PORT"
  std::uint16_t port() const { return listener_.port(); }
  std::vector<std::string> heads() const;     // the raw CONNECT heads seen
  int tunnels() const;                        // opened so far

 private:
  void accept_all();
  void serve(int fd);
  std::string answer_to(const std::string& head) const;
  void relay(Wire& client, Wire& upstream);

  std::uint16_t upstream_port_;
  ConnectProxyOptions options_;
  StopSignal stop_;
  Listener listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  int tunnels_ = 0;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace siltgate::test
