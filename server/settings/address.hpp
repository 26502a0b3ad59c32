// SPDX-License-Identifier: Apache-2.0
// Addresses to listen on and networks of peers, read strictly with a sentence for each mistake. Opens no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace siltgate::settings {

/// "127.0.0.1:4290" or "[::1]:4290" taken apart. `fault` is "" when it is sound.
struct ParsedAddress {
  std::string address;      // without brackets
  std::uint16_t port = 0;   // 0 = any free port
  std::string fault;
};
ParsedAddress parse_address(std::string_view text);
std::string format_address(std::string_view address, std::uint16_t port);

/// A CIDR in its canonical spelling (host bits cleared, a plain address gets /32 or /128). `fault` is "" when it is sound.
struct ParsedNetwork {
  std::string network;
  std::string fault;
};
ParsedNetwork parse_network(std::string_view text);

bool is_ip(std::string_view text);
/// Only this machine can reach it: 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104.
bool is_loopback(std::string_view ip);
/// A DNS name (letters, digits, hyphens, dots; no port), optionally beginning with "*.".
bool is_host_name(std::string_view text);

}  // namespace siltgate::settings
