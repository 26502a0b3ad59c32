// SPDX-License-Identifier: Apache-2.0
// Could one listen here? Binds for a moment, accepts nothing.
#pragma once

#include <cstdint>
#include <string>

namespace siltgate::net {

struct ListenProbe {
  enum class State { free, held, no_such_address, not_permitted, failed } state = State::free;
  std::string detail;   // held: by whom; failed: what the system said
};

/// `address` is an IP literal without brackets; port 0 is always free.
ListenProbe probe_listen(const std::string& address, std::uint16_t port);

}  // namespace siltgate::net
