// SPDX-License-Identifier: Apache-2.0
// What an open dashboard is told: the state and the exchanges that ended, at most four times a second however much happens,
// and every two seconds when nothing does. Costs nothing while nobody looks. One thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "flow/services.hpp"
#include "observe/history.hpp"
#include "observe/state.hpp"

namespace siltgate::app {

class LiveFeed {
 public:
  using Describe = std::function<observe::State()>;
  using Spell = std::function<std::string(const observe::ExchangeRecord&)>;
  using Reader = std::uint64_t;

  static constexpr std::chrono::milliseconds beat{250};
  static constexpr int beats_at_rest = 8;

  LiveFeed(asio::any_io_executor executor, Describe describe, Spell spell);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// The state goes to `sink` at once, then whatever passes `filter`.
  Reader add(observe::Filter filter, flow::Lines sink);
  void remove(Reader reader);
  /// An exchange ended.
  void ended(const observe::RecordPtr& record);

 private:
  struct Link;
  struct Follower {
    observe::Filter filter;
    flow::Lines sink;
    std::string pending;
  };
  void schedule();
  void tick();
  std::string state_event(const observe::State& state) const;

  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
  Describe describe_;
  Spell spell_;
  std::map<Reader, Follower> readers_;
  Reader next_ = 1;
  int rested_ = 0;          // beats since a state was sent
  bool was_busy_ = false;
  bool running_ = false;
};

}  // namespace siltgate::app
