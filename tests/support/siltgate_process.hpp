// SPDX-License-Identifier: Apache-2.0
// The built program as a process of its own, for what cannot be done to a thread: SIGKILL and SIGSTOP.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace siltgate::test {

class SiltgateProcess {
 public:
  /// With this configuration (JSON), listening on a port the system chooses. Returns when the port is known.
  /// `environment` is added to that of the test ("NAME=value").
  explicit SiltgateProcess(nlohmann::json settings, std::vector<std::string> environment = {});

  std::uint16_t port() const { return port_; }
  ChildProcess& process() { return process_; }

 private:
  TemporaryFolder folder_;
  ChildProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace siltgate::test
