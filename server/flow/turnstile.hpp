// SPDX-License-Identifier: Apache-2.0
// The scheduler on the real clock: turns its grants into resumed coroutines. Holds no rule of its own. Where caps are shared with other
// instances, a grant of the scheduler is a proposal that the SharedStage gets confirmed.
// A Permit is counted: whatever happens to the exchange, it returns exactly once.
#pragma once

#include <functional>
#include <random>
#include <unordered_map>

#include "base/result.hpp"
#include "flow/shared_stage.hpp"
#include "net/watch.hpp"
#include "schedule/admission.hpp"

namespace siltgate::flow {

class Turnstile;

/// The right to be in flight, or the place in the queue for it. Move-only; dying, it leaves the queue or returns the permit
/// as `ignored`.
class Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept { *this = std::move(other); }
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { give_back(schedule::Ending::ignored); }

  bool granted() const { return state_ == State::granted; }
  /// The attempt and the exchange are over upstream, and nobody starts on its quota for `hold`. Does nothing when nothing is held.
  void give_back(schedule::Ending ending, Duration hold = {});
  /// The attempt is over, another follows not before `not_before`: back to the old place in the queue.
  void wait_again(schedule::Ending ending, TimePoint not_before);
  /// What the request really cost, said before it is given back.
  void correct_tokens(std::int64_t actual);
  /// A shared permit that may be another's by now. Looks at the clock, so: right before something is sent.
  bool lost() const;
  schedule::Ticket ticket() const { return ticket_; }

 private:
  friend class Turnstile;
  enum class State { none, waiting, granted };
  Turnstile* turnstile_ = nullptr;
  schedule::Ticket ticket_ = 0;
  State state_ = State::none;
};

class Turnstile {
 public:
  Turnstile(asio::any_io_executor executor, schedule::Admission& admission);
  ~Turnstile();

  /// Returns when `permit` is granted. A permit that waits already (after wait_again) keeps its place.
  /// Failure: queue_full, queue_timeout at `give_up_at`, or why the watch ended the wait.
  Task<Result<void>> admit(Permit& permit, schedule::Arrival arrival, TimePoint give_up_at, net::Watch& watch);

  /// From now on caps are shared. The group must outlive every permit.
  void share(shared::Group& group);
  SharedStage* shared() { return shared_.get(); }

  /// As Admission::hold(), for all instances that share the key.
  void hold(std::string_view provider, std::string_view key, std::string_view model, TimePoint until);
  /// As Admission::rename_key().
  void rename_key(std::string_view provider, std::string_view from, std::string_view to);
  /// For limits changed from outside: grants what may be granted now.
  void settle();
  /// Somebody was granted a permit and has not run since.
  bool handing_over() const { return !granted_.empty(); }
  schedule::Admission& admission() { return admission_; }

 private:
  friend class Permit;
  struct Link;
  void wake_at_next();
  void confirmed(schedule::Ticket ticket);
  void wake_all();
  Failure why_not(const net::Watch& watch, Duration waited) const;
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  schedule::Admission& admission_;
  asio::steady_timer timer_;
  asio::any_io_executor executor_;
  std::shared_ptr<Link> link_;
  std::unordered_map<schedule::Ticket, net::Signal*> waiting_;
  std::unordered_map<schedule::Ticket, bool> granted_;  // grants whose coroutine has not resumed yet
  schedule::Ticket next_ticket_ = 1;
  std::unique_ptr<SharedStage> shared_;                 // null: caps are this instance's own
  std::minstd_rand random_{std::random_device{}()};     // jitter of holds after damage
};

}  // namespace siltgate::flow
