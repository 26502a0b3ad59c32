// SPDX-License-Identifier: Apache-2.0
#include "net/watch.hpp"

namespace siltgate::net {

struct Watch::Link {
  Watch* watch;
};

Watch::Watch(asio::any_io_executor executor) : timer_(std::move(executor)), link_(std::make_shared<Link>(Link{this})) {}

Watch::~Watch() { link_->watch = nullptr; }

void Watch::set_deadline(TimePoint at) {
  if (raised_ == Wake::deadline) raised_ = Wake::none;
  deadline_ = at;
  if (at < armed_for_) arm(at);
}

void Watch::clear_deadline() {
  if (raised_ == Wake::deadline) raised_ = Wake::none;
  deadline_ = TimePoint::max();
}

void Watch::arm(TimePoint at) {
  armed_for_ = at;
  timer_.expires_at(at);
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (!error && link->watch) link->watch->fired();
  });
}

void Watch::fired() {
  armed_for_ = TimePoint::max();
  if (deadline_ == TimePoint::max()) return;
  if (Clock::now() < deadline_) return arm(deadline_);
  deadline_ = TimePoint::max();
  raise(Wake::deadline);
}

void Watch::raise(Wake reason) {
  if (raised_ == Wake::none || raised_ == Wake::deadline || (raised_ == Wake::lease_lost && reason != Wake::deadline)) raised_ = reason;
  if (cancel_) cancel_(context_);
}

void Watch::forget_lost_lease() {
  if (raised_ == Wake::lease_lost) raised_ = Wake::none;
}

Signal::Signal(asio::any_io_executor executor) : timer_(std::move(executor)) {}

void Signal::notify() {
  notified_ = true;
  timer_.cancel();
}

Task<bool> Signal::wait(Watch& watch) {
  while (!notified_ && watch.raised() == Wake::none) {
    Watch::Waiting waiting(watch, [](void* timer) { static_cast<asio::steady_timer*>(timer)->cancel(); }, &timer_);
    timer_.expires_at(TimePoint::max());
    ErrorCode error;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  bool notified = notified_;
  notified_ = false;
  co_return notified;
}

}  // namespace siltgate::net
