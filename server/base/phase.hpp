// SPDX-License-Identifier: Apache-2.0
// The seven phases of an exchange. The same words name the files in flow/, the timeout keys, the log
// field and the metric label. Knows nothing of sockets or HTTP.
#pragma once

#include <string_view>

namespace siltgate {

enum class Phase { read_request, route, admit, connect, send_request, read_head, relay_body };

constexpr std::string_view to_string(Phase phase) {
  constexpr std::string_view names[] = {"read_request", "route",     "admit",     "connect",
                                        "send_request", "read_head", "relay_body"};
  return names[static_cast<int>(phase)];
}

}  // namespace siltgate
