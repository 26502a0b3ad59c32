// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_writer.hpp"

#include <csignal>
#include <pthread.h>

namespace siltgate::observe {

CaptureWriter::CaptureWriter(std::string folder, Report report) : store_(std::move(folder), std::move(report)) {
  // Signals are the other thread's business; a thread inherits the mask it is started under.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { work(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CaptureWriter::~CaptureWriter() {
  {
    std::lock_guard lock(mutex_);
    end_ = true;
  }
  come_.notify_one();
  thread_.join();
}

bool CaptureWriter::put(std::size_t weight, Job job) {
  {
    std::lock_guard lock(mutex_);
    if (weight > 0 && waiting_ + weight > queue_bound) return false;
    waiting_ += weight;
    queue_.push_back({weight, std::move(job)});
  }
  come_.notify_one();
  return true;
}

CaptureStatus CaptureWriter::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void CaptureWriter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    come_.wait(lock, [this] { return end_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    next.job(store_);
    next.job = nullptr;
    CaptureStatus now = store_.status();
    lock.lock();
    waiting_ -= next.weight;
    status_ = std::move(now);
  }
}

}  // namespace siltgate::observe
