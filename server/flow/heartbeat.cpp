// SPDX-License-Identifier: Apache-2.0
#include "flow/heartbeat.hpp"

namespace siltgate::flow {

/// Lets a timer that fires late see that its Heartbeat is gone or stopped.
struct Heartbeat::Link {
  Heartbeat* owner;
};

Heartbeat::Heartbeat(asio::any_io_executor executor)
    : timer_(std::move(executor)), link_(std::make_shared<Link>(Link{this})) {}

Heartbeat::~Heartbeat() { link_->owner = nullptr; }

void Heartbeat::start(Duration after, Duration period, std::function<void()> beat) {
  if (after == Duration::zero()) return;
  beat_ = std::move(beat);
  period_ = period;
  wait(after);
}

void Heartbeat::stop() {
  if (!beat_) return;
  beat_ = nullptr;
  timer_.cancel();
}

void Heartbeat::wait(Duration duration) {
  timer_.expires_after(duration);
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (error || !link->owner || !link->owner->beat_) return;
    link->owner->beat_();
    link->owner->wait(link->owner->period_);
  });
}

}  // namespace siltgate::flow
