// SPDX-License-Identifier: Apache-2.0
// What the tests of shared caps have in common: settings, a credential, an upstream that ends answers in waves.
#pragma once

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "support/running_redis.hpp"
#include "support/running_siltgate.hpp"

namespace siltgate::test {

inline constexpr const char* credential = "Authorization: Bearer sk-of-the-team\r\n";

/// Settings that share a cap of `cap` through `redis`.
inline std::string sharing(const std::string& redis, int cap, const std::string& lease = "6s", const std::string& when_down = "refuse") {
  return fmt::format(R"({{"providers": {{"up": {{"limits": {{"concurrency": {}}}, "timeouts": {{"idle": "60s", "first_byte": "60s"}}}}}},
    "limits": {{"queue": {{"max_waiting": 1000}}}}, "shared": {{"redis": "{}", "lease": "{}", "when_down": "{}"}}}})",
                     cap, redis, lease, when_down);
}

/// Lets threads through `size` at a time: each waits until so many are here together.
class Wave {
 public:
  explicit Wave(int size) : size_(size) {}
  /// False when the wave did not fill in time.
  bool ride(Deadline deadline = soon()) {
    std::unique_lock lock(mutex_);
    const int mine = waves_;
    if (++here_ == size_) {
      here_ = 0;
      ++waves_;
      changed_.notify_all();
      return true;
    }
    if (changed_.wait_until(lock, deadline, [&] { return waves_ != mine; })) return true;
    ++broken_;
    return false;
  }
  int waves() {
    std::lock_guard lock(mutex_);
    return waves_;
  }
  int broken() {
    std::lock_guard lock(mutex_);
    return broken_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int size_, here_ = 0, waves_ = 0, broken_ = 0;
};

/// A short answer that takes its time.
inline Script brief() {
  return [](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    exchange.chunk(chat_finish());
    exchange.chunk(chat_done);
    exchange.end_stream();
  };
}

/// The last line of what Redis answered to a command.
inline std::string told(const RunningRedis& redis, const std::string& command) {
  std::string answer = redis.tell(command + "\r\n");
  answer.resize(answer.rfind("\r\n"));
  return answer.substr(answer.rfind('\n') + 1);
}

/// Waits until `siltgate` says that it stands so; throws TooLate.
inline void wait_for_mode(const RunningSiltgate& siltgate, const std::string& mode, Deadline deadline = soon()) {
  for (;;) {
    const auto shared = siltgate.state().at("shared");
    if (shared.at("mode") == mode && shared.at("settling") == false) return;
    if (std::chrono::steady_clock::now() >= deadline) throw TooLate("still " + shared.dump());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace siltgate::test
