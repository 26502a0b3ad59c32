// SPDX-License-Identifier: Apache-2.0
// What ends a wait early: a deadline, the client leaving, the operator, the shutdown. One per session; every wait
// in net/ names it, so that one raise() reaches whatever the exchange happens to wait for.
// Moving a deadline costs one store: the timer is armed lazily and looks again when it fires.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "net/asio.hpp"

namespace siltgate::net {

enum class Wake { none, deadline, client_left, stopped, cancelled, lease_lost };

class Watch {
 public:
  explicit Watch(asio::any_io_executor executor);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// The current wait, and every later one, ends with Wake::deadline once `at` has passed. Replaces the last deadline
  /// and forgets that it ran out.
  void set_deadline(TimePoint at);
  void set_deadline_in(Duration duration) { set_deadline(Clock::now() + duration); }
  void clear_deadline();

  /// Sticky: the current wait and every later one ends. All but deadline and lease_lost are never forgotten.
  void raise(Wake reason);
  /// The exchange that lost its permit is over upstream: the session may go on.
  void forget_lost_lease();
  Wake raised() const { return raised_; }

  /// While one of these lives, raise() calls `cancel(context)`. One at a time.
  class Waiting {
   public:
    Waiting(Watch& watch, void (*cancel)(void*), void* context) : watch_(watch) {
      watch_.cancel_ = cancel;
      watch_.context_ = context;
    }
    ~Waiting() { watch_.cancel_ = nullptr; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    Watch& watch_;
  };

 private:
  struct Link;  // lets a timer that fires late see that its Watch is gone
  void arm(TimePoint at);
  void fired();

  // In the order in which a wait needs them.
  Wake raised_ = Wake::none;
  TimePoint deadline_ = TimePoint::max();
  TimePoint armed_for_ = TimePoint::max();  // when the running timer fires; max = not running
  void (*cancel_)(void*) = nullptr;
  void* context_ = nullptr;
  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
};

/// A one-shot event between coroutines and callbacks of one thread. notify() before wait() is not lost.
class Signal {
 public:
  explicit Signal(asio::any_io_executor executor);
  void notify();
  /// True when notified, false when the watch ended the wait. Resets for the next use.
  Task<bool> wait(Watch& watch);

 private:
  asio::steady_timer timer_;
  bool notified_ = false;
};

}  // namespace siltgate::net
