// SPDX-License-Identifier: Apache-2.0
// Listening sockets that the service manager opened (sd_listen_fds(3), the protocol alone): $LISTEN_PID, $LISTEN_FDS, descriptors
// from 3 on. Empty where there are none, so the same code runs under launchd and on a terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace siltgate::app {

struct InheritedSocket {
  int descriptor = -1;
  std::string address;      // IP literal without brackets; "" = no listening TCP socket
  std::uint16_t port = 0;
  bool taken = false;
};

/// How many descriptors $LISTEN_FDS hands to the process `pid`; 0 for none, another process or nonsense. Pure.
int inherited_count(const char* listen_pid, const char* listen_fds, long pid);

/// Takes them over: closed in children, and the variables are removed so that no child takes them for its own.
std::vector<InheritedSocket> take_inherited();

}  // namespace siltgate::app
