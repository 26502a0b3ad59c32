// SPDX-License-Identifier: Apache-2.0
// Watches whether the peer's machine acknowledges what was sent to it. The kernel itself would send it again and again for a
// quarter of an hour before it gives up. Knows no messages.
#pragma once

#include <memory>

#include "net/connection.hpp"

namespace siltgate::net {

/// While it lives, `connection`, which outlives it, is given up once nothing that was sent has been acknowledged for
/// `acknowledged_within`. It stops looking when all was: what the peer does then is for other timers.
class SendGuard {
 public:
  explicit SendGuard(Connection& connection);
  ~SendGuard();
  SendGuard(const SendGuard&) = delete;
  SendGuard& operator=(const SendGuard&) = delete;

 private:
  struct Link;  // lets a timer that fires late see that its guard is gone
  void look_in(Duration pause);
  void look();

  Connection& connection_;
  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
};

}  // namespace siltgate::net
