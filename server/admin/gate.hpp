// SPDX-License-Identifier: Apache-2.0
// Who may use the admin paths. Pure; compares networks with http/access.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace siltgate::admin {

/// What is known of the asker, and the admin settings.
struct Gate {
  bool control_socket = false;                // the 0600 socket: passes, and may POST
  std::string peer_ip;                        // a literal, without port
  std::string local_ip;                       // the address the connection was accepted on
  std::string host;                           // Host header, with or without port
  std::string origin, fetch_site, token;      // header fields Origin, Sec-Fetch-Site, siltgate-token; "" = not sent
  std::vector<std::string> allow{"127.0.0.0/8", "::1/128"};   // admin.allow
  std::vector<std::string> allowed_hosts{"localhost"};        // admin.allowed_hosts
};

/// Empty: let in. Otherwise the refusal: which peer and Host it saw, and the line to add. Decided in this order:
/// 1. the control socket passes
/// 2. the peer must lie in `allow`
/// 3. the Host must be an IP literal of ours (loopback or `local_ip`) or one of `allowed_hosts` (any case)
std::optional<std::string> refusal(const Gate& gate);

}  // namespace siltgate::admin
