// SPDX-License-Identifier: Apache-2.0
// A loopback listener that answers every request with the same recording. Blocking POSIX sockets, one thread a connection;
// knows no capture file and no command line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/replay_plan.hpp"

namespace siltgate::cli {

class ReplayServer {
 public:
  /// `fast`: without the original pauses.
  ReplayServer(ReplayPlan plan, bool fast) : plan_(std::move(plan)), fast_(fast) {}
  ~ReplayServer();
  ReplayServer(const ReplayServer&) = delete;
  ReplayServer& operator=(const ReplayServer&) = delete;

  /// `address` is an IP literal, port 0 any free one. Returns "" or what the system said.
  std::string listen(const std::string& address, std::uint16_t port);
  std::uint16_t port() const { return port_; }

  /// One line for each answer, from whichever thread gave it.
  using Told = std::function<void(const std::string& request_line)>;
  /// Answers one request, then returns. False: the listener is broken.
  bool serve_once(const Told& told);
  /// Until the process ends.
  void serve(const Told& told);

 private:
  int accept_one() const;
  bool answer(int fd, const Told& told) const;   // false: no request came

  ReplayPlan plan_;
  bool fast_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace siltgate::cli
