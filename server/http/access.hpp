// SPDX-License-Identifier: Apache-2.0
// Who may ask: Host allow-list (DNS rebinding), Origin and Sec-Fetch-Site (browsers), peer networks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/config.hpp"
#include "http/head.hpp"

namespace siltgate::http {

/// True when `ip` (a literal) lies in one of the CIDRs ("10.0.0.0/8", "::1/128", or a plain address).
/// IPv4-mapped IPv6 peers match IPv4 networks.
bool in_networks(std::string_view ip, const std::vector<std::string>& cidrs);
/// Is this a CIDR or address that in_networks understands?
bool valid_network(std::string_view cidr);

/// Refuses with cause forbidden (detail names the peer, Host or Origin seen and the setting to change), or
/// bad_request for a malformed Host. `local_ip` is the address the listener accepted on: a Host that is an IP
/// literal must be it, loopback, or the peer's view of it; names must be in rules.allowed_hosts.
Result<void> check_access(const RequestHead& head, std::string_view peer_ip, std::string_view local_ip,
                          const AccessRules& rules);

/// Compares without an early exit.
bool equal_secret(std::string_view a, std::string_view b);

}  // namespace siltgate::http
