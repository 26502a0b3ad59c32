// SPDX-License-Identifier: Apache-2.0
// Who holds a TCP port: from /proc on Linux, from lsof on macOS. For messages only; best effort.
#pragma once

#include <cstdint>
#include <string>

namespace siltgate::net {

/// "nginx (pid 4711)"; "a process of another user" where only that is known; "" when nobody listens or nothing can be told.
std::string port_owner(std::uint16_t port);

}  // namespace siltgate::net
