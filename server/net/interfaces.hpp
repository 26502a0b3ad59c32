// SPDX-License-Identifier: Apache-2.0
// The IPv4 addresses of this machine. POSIX, the same on Linux and macOS.
#pragma once

#include <string>
#include <vector>

namespace siltgate::net {

struct InterfaceAddress {
  std::string name;       // "virbr0"
  std::string address;    // "192.168.122.1"
  std::string network;    // "192.168.122.0/24"
};

/// Without loopback, and only of interfaces that are up.
std::vector<InterfaceAddress> interface_addresses();

}  // namespace siltgate::net
