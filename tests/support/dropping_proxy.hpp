// SPDX-License-Identifier: Apache-2.0
// A TCP relay to a loopback port that can be cut as a network is: connections stay open and nothing passes any more, in either
// direction, not even the end of a connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

#include "support/wire.hpp"

namespace siltgate::test {

class DroppingProxy {
 public:
  explicit DroppingProxy(std::uint16_t target);
  ~DroppingProxy();

  std::uint16_t port() const { return listener_.port(); }
  /// What was under way is lost; connections made meanwhile lead nowhere.
  void cut() { cut_ = true; }
  /// Connections from before the cut are dead and end; new ones pass.
  void heal();
  /// For connections made from now on.
  void lead_to(std::uint16_t target) { target_ = target; }

 private:
  void accept_all();
  void relay(int fd);
  void pass(Wire& client);

  std::atomic<std::uint16_t> target_;
  StopSignal stop_;
  Listener listener_;
  std::atomic<bool> cut_{false};
  std::atomic<int> age_{0};       // counts heals
  std::mutex mutex_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace siltgate::test
