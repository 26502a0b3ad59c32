// SPDX-License-Identifier: Apache-2.0
#include "flow/turnstile.hpp"

#include "base/units.hpp"

namespace siltgate::flow {

/// Lets a timer that fires late see that its Turnstile is gone.
struct Turnstile::Link {
  Turnstile* owner;
};

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this == &other) return *this;
  give_back(schedule::Ending::ignored);
  turnstile_ = other.turnstile_;
  ticket_ = other.ticket_;
  state_ = std::exchange(other.state_, State::none);
  return *this;
}

void Permit::give_back(schedule::Ending ending, Duration hold) {
  State was = std::exchange(state_, State::none);
  if (was == State::none) return;
  turnstile_->granted_.erase(ticket_);
  auto now = Clock::now();
  if (SharedStage* shared = turnstile_->shared_.get()) shared->leave(ticket_, was == State::granted, ending, hold);
  if (was == State::granted)
    turnstile_->admission_.finish(ticket_, ending, now, turnstile_->random(), now + hold);
  else
    turnstile_->admission_.cancel(ticket_, now);
  turnstile_->settle();
}

void Permit::correct_tokens(std::int64_t actual) {
  if (granted() && actual >= 0) turnstile_->admission_.correct_tokens(ticket_, actual, Clock::now());
}

void Permit::wait_again(schedule::Ending ending, TimePoint not_before) {
  if (state_ != State::granted) return;
  state_ = State::waiting;
  if (SharedStage* shared = turnstile_->shared_.get()) shared->wait_again(ticket_, ending, not_before - Clock::now());
  turnstile_->admission_.retry(ticket_, ending, not_before, Clock::now(), turnstile_->random());
  turnstile_->settle();
}

bool Permit::lost() const { return granted() && turnstile_->shared_ && turnstile_->shared_->lost(ticket_); }

Turnstile::Turnstile(asio::any_io_executor executor, schedule::Admission& admission)
    : admission_(admission), timer_(executor), executor_(executor), link_(std::make_shared<Link>(Link{this})) {}

Turnstile::~Turnstile() { link_->owner = nullptr; }

void Turnstile::share(shared::Group& group) {
  SharedStage::Turn turn;
  turn.confirmed = [this](schedule::Ticket ticket) { confirmed(ticket); };
  turn.settle = [this] { settle(); };
  turn.wake_all = [this] { wake_all(); };
  shared_ = std::make_unique<SharedStage>(admission_, group, std::move(turn));
}

Task<Result<void>> Turnstile::admit(Permit& permit, schedule::Arrival arrival, TimePoint give_up_at, net::Watch& watch) {
  auto now = Clock::now();
  if (permit.state_ == Permit::State::none) {
    arrival.ticket = next_ticket_++;
    auto answer = admission_.arrive(arrival, now);
    if (answer == schedule::Answer::queue_full)
      co_return Failure{Phase::admit, Party::siltgate, Cause::queue_full, Retry::never, {},
                        counted(static_cast<std::uint64_t>(admission_.waiting()), "request") + " in the queue, and no more may wait (limits.queue.max_waiting)"};
    permit.turnstile_ = this;
    permit.ticket_ = arrival.ticket;
    permit.state_ = Permit::State::waiting;
    if (shared_) shared_->arrived(arrival, answer, watch);
    else if (answer == schedule::Answer::granted) permit.state_ = Permit::State::granted;
    wake_at_next();
    if (permit.granted()) co_return Result<void>{};
  }
  net::Signal signal(executor_);
  watch.set_deadline(give_up_at);
  waiting_[permit.ticket_] = &signal;
  settle();
  bool notified = granted_.contains(permit.ticket_) || (shared_ && shared_->refusing());
  if (!notified) notified = co_await signal.wait(watch);
  waiting_.erase(permit.ticket_);
  if (granted_.erase(permit.ticket_) > 0) permit.state_ = Permit::State::granted;
  watch.clear_deadline();
  if (permit.granted()) co_return Result<void>{};
  permit.give_back(schedule::Ending::ignored);
  co_return why_not(watch, Clock::now() - now);
}

Failure Turnstile::why_not(const net::Watch& watch, Duration waited) const {
  if (watch.raised() == net::Wake::client_left)
    return {Phase::admit, Party::client, Cause::client_left, Retry::never, {}, "the client closed its connection while waiting"};
  if (watch.raised() == net::Wake::stopped)
    return {Phase::admit, Party::siltgate, Cause::draining, Retry::never, {}, "siltgate is shutting down"};
  if (watch.raised() == net::Wake::cancelled)
    return {Phase::admit, Party::siltgate, Cause::cancelled, Retry::never, {}, "the operator cancelled it while it waited"};
  if (shared_ && shared_->refusing()) return {Phase::admit, Party::siltgate, Cause::shared_down, Retry::never, {}, shared_->why_refusing()};
  return {Phase::admit, Party::siltgate, Cause::queue_timeout, Retry::never, {},
          "no permit within " + format_duration(std::chrono::milliseconds(to_ms(waited)))};
}

void Turnstile::hold(std::string_view provider, std::string_view key, std::string_view model, TimePoint until) {
  admission_.hold(provider, key, model, until, Clock::now());
  if (shared_) shared_->hold(admission_.held_scope(provider, key, model), until - Clock::now());
  settle();
}

void Turnstile::rename_key(std::string_view provider, std::string_view from, std::string_view to) {
  if (!admission_.rename_key(provider, from, to, Clock::now())) return;   // as nearly always
  if (shared_) shared_->renamed(provider, from, to);
  settle();
}

void Turnstile::settle() {
  admission_.tick(Clock::now());
  for (schedule::Ticket ticket : admission_.take_grants()) shared_ ? shared_->propose(ticket) : confirmed(ticket);
  wake_at_next();
}

void Turnstile::confirmed(schedule::Ticket ticket) {
  granted_[ticket] = true;
  if (auto waiter = waiting_.find(ticket); waiter != waiting_.end()) waiter->second->notify();
}

void Turnstile::wake_all() {
  for (auto& [ticket, signal] : waiting_) signal->notify();
}

void Turnstile::wake_at_next() {
  auto next = admission_.next_wakeup();
  if (!next) return;
  timer_.expires_at(*next);
  timer_.async_wait([link = link_](const ErrorCode& error) {
    if (!error && link->owner) link->owner->settle();
  });
}

}  // namespace siltgate::flow
