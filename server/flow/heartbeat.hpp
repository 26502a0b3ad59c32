// SPDX-License-Identifier: Apache-2.0
// Early headers and heartbeats for a client whose stream has not begun: clients give up on silence (contract, section 5).
// Fires beside the exchange's coroutine, on the same thread; never suspends it.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "net/asio.hpp"

namespace siltgate::flow {

class Heartbeat {
 public:
  explicit Heartbeat(asio::any_io_executor executor);
  ~Heartbeat();

  /// Calls `beat` once `after` has passed and then every `period`, until stop(). `after` zero: never.
  void start(Duration after, Duration period, std::function<void()> beat);
  void stop();

 private:
  struct Link;
  void wait(Duration duration);

  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
  Duration period_{};
  std::function<void()> beat_;
};

}  // namespace siltgate::flow
