// SPDX-License-Identifier: Apache-2.0
// A Redis of the test's own: on a port and a socket nobody else uses, in a folder of its own, with a log of writes that no restart reads. The service that a
// package may have installed is not touched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace siltgate::test {

class RunningRedis {
 public:
  /// Further arguments of redis-server.
  explicit RunningRedis(std::vector<std::string> further = {});

  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::string socket() const { return folder_.path() + "/redis.sock"; }
  std::string socket_url() const { return "unix://" + socket(); }

  void pause() { process_->pause(); }
  void resume() { process_->resume(); }
  /// As a crash: gone at once.
  void stop() { process_->kill(); }
  /// After stop(), on the same port, with nothing remembered.
  void start();
  /// One inline command, for tests that do something to Redis; its answer as it comes.
  std::string tell(const std::string& line) const;
  /// All it ever was told: the log of writes, which holds every key and value.
  std::string everything() const;

 private:
  bool answers() const { return !tell("PING\r\n").empty(); }  // even that a password is missing

  TemporaryFolder folder_;
  std::vector<std::string> further_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace siltgate::test
