// SPDX-License-Identifier: Apache-2.0
// The thread that owns the capture folder, so that no exchange ever waits for a disk. Jobs come in order through a bounded
// queue; what finds no room in it is refused, and that recording is lost, not the traffic.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "observe/capture_store.hpp"

namespace siltgate::observe {

class CaptureWriter {
 public:
  using Report = CaptureStore::Report;
  using Job = std::function<void(CaptureStore&)>;
  static constexpr std::size_t queue_bound = 16 * 1024 * 1024;   // bytes waiting

  CaptureWriter(std::string folder, Report report);
  /// Does what is queued, then ends.
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  /// False: too much waits already, the job was not taken. A job of weight 0 always is.
  bool put(std::size_t weight, Job job);
  CaptureStatus status() const;

 private:
  struct Waiting {
    std::size_t weight;
    Job job;
  };
  void work();

  mutable std::mutex mutex_;
  std::condition_variable come_;
  std::deque<Waiting> queue_;
  std::size_t waiting_ = 0;
  bool end_ = false;
  CaptureStatus status_;      // of the store, after the last job
  CaptureStore store_;        // the thread's alone
  std::thread thread_;
};

}  // namespace siltgate::observe
