// SPDX-License-Identifier: Apache-2.0
// The client's end of a session: its connection, the bytes it sent and nobody consumed yet, and the standing
// wait that notices in every phase that it left. Knows nothing of HTTP.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "net/connection.hpp"

namespace siltgate::flow {

class ClientLink {
 public:
  ClientLink(net::Connection connection, asio::any_io_executor executor);
  ~ClientLink();

  net::Connection& connection() { return connection_; }
  net::Watch& watch() { return watch_; }
  /// Received and not consumed. A decoder may work in it.
  std::string& input() { return input_; }
  /// Takes bytes off the front. Gives the memory back with the last of them.
  void consume(std::size_t bytes);

  /// Waits for at least one more byte; how many came. They are behind input(), or in `room`, which must stay until then and is for
  /// while input() is empty. Failure: the client closed, or the watch ended the wait.
  Task<Result<std::size_t>> read_more(Phase phase, std::span<char> room = {});

  /// While on: the client's leaving raises Wake::client_left on the watch, and what it sends early (pipelined)
  /// is kept in input() up to 64 KiB; beyond that it is left in the kernel and leaving is seen at the next write.
  void guard(bool on);

  /// The client's machine has acknowledged nothing of what was sent to it for so long.
  bool unheard_for(Duration bound);
  /// The client's machine is gone without a word: raises Wake::client_left.
  void lose();
  /// It is, or the system found so.
  bool lost() const { return lost_; }

 private:
  struct Link;
  void arm();
  void readable(const ErrorCode& error);
  void take_early_input();
  net::Io read_now();          // one read into input()

  net::Watch watch_;
  net::Connection connection_;
  net::Signal arrived_;
  std::shared_ptr<Link> link_;
  std::string input_;
  bool armed_ = false;     // a wait for readability is pending
  bool guarding_ = false;
  bool lost_ = false;
};

}  // namespace siltgate::flow
