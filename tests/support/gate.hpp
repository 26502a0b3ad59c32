// SPDX-License-Identifier: Apache-2.0
// A point that threads of a test wait at until the test opens it. Opening is for ever.
#pragma once

#include <condition_variable>
#include <mutex>

#include "support/wire.hpp"

namespace siltgate::test {

class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// False when the deadline passed first.
  bool wait(Deadline deadline = soon()) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return open_; });
  }
  bool is_open() {
    std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace siltgate::test
