// SPDX-License-Identifier: Apache-2.0
// The connection to Redis: signs in, loads the ledger, subscribes, sends its calls and hands answers back in order; comes back by
// itself with growing pauses. Knows what a call looks like, not what it means.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "net/connection.hpp"
#include "shared/member.hpp"
#include "shared/redis_address.hpp"

namespace siltgate::shared {

struct LinkConfig {
  RedisAddress address;
  std::string prefix, id;   // of the keys; of this instance
  Duration lease{}, patience{};
};

class RedisLink {
 public:
  struct Listener {
    std::function<void(const std::string& run)> up;
    /// Once per outage at the least; also when the first connect fails. `broken`: no more is known than that there is no connection,
    /// otherwise Redis refused something or kept silent for `patience`.
    std::function<void(const std::string& why, bool broken)> down;
    std::function<void(const Command&, const RespValue&)> answered;
    std::function<void(std::string_view channel, std::string_view text)> heard;
  };
  RedisLink(asio::any_io_executor executor, LinkConfig config, Listener listener);
  ~RedisLink();

  void start();
  /// Ends the connection; nothing is heard of it any more.
  void stop();
  /// While up. Answers come in the order of the calls.
  void send(Command command);
  /// Gives the connection up and tries another.
  void drop(std::string why);

 private:
  struct Link;
  struct Pending {
    Command command;
    TimePoint due;
  };
  static Task<void> run(std::shared_ptr<Link> link);
  Task<Result<net::Connection>> dial(net::Watch& watch);
  Task<std::string> talk(net::Watch& watch);
  std::string greeting() const;
  std::string channels() const;
  Task<std::string> sign_in(net::Watch& watch);
  Task<std::string> more(net::Watch& watch);
  std::string take(const RespValue& answer);
  void write_call(const Command& command, bool whole_text);
  void flush();
  void lose(std::string why);

  asio::any_io_executor executor_;
  LinkConfig config_;
  Listener listener_;
  std::shared_ptr<Link> link_;
  std::shared_ptr<net::TlsContext> tls_;
  std::optional<net::Connection> connection_;
  net::Watch* watch_ = nullptr;        // of the present connection
  RespReader reader_;
  std::deque<Pending> pending_;
  std::string out_, sha_, drop_, lost_;  // the last two: why this connection has to end
  bool up_ = false, writing_ = false, stopped_ = false, silent_ = false;
  TimePoint up_since_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace siltgate::shared
