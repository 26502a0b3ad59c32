// SPDX-License-Identifier: Apache-2.0
#include "admin/gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/ascii.hpp"
#include "http/access.hpp"

namespace siltgate::admin {
namespace {

/// "[::1]:4290" -> "::1", "localhost:4290" -> "localhost", in lower case.
std::string host_name(std::string_view host) {
  if (!host.empty() && host.front() == '[')
    host = host.substr(1, host.find(']') == std::string_view::npos ? 0 : host.find(']') - 1);
  else if (std::count(host.begin(), host.end(), ':') == 1)
    host = host.substr(0, host.find(':'));
  return lower(host);
}

/// IPv4 in an IPv6 socket and plain IPv4 are the same address.
std::string plain_ip(std::string_view ip) {
  constexpr std::string_view mapped = "::ffff:";
  return std::string(ip.substr(0, mapped.size()) == mapped ? ip.substr(mapped.size()) : ip);
}

bool host_is_ours(const Gate& gate) {
  const std::string name = host_name(gate.host);
  if (name.empty()) return false;
  if (!gate.local_ip.empty() && plain_ip(name) == plain_ip(gate.local_ip)) return true;
  if (http::in_networks(name, {"127.0.0.0/8", "::1/128"})) return true;
  return std::any_of(gate.allowed_hosts.begin(), gate.allowed_hosts.end(),
                     [&](const std::string& allowed) { return host_name(allowed) == name; });
}

/// Only what a Host may hold, so that the refusal can be shown anywhere.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 128));
  const auto odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '\\'; };
  std::replace_if(out.begin(), out.end(), odd, '?');
  return out;
}

}  // namespace

std::optional<std::string> refusal(const Gate& gate) {
  if (gate.control_socket) return {};                                                       // 1
  if (!http::in_networks(gate.peer_ip, gate.allow))                                         // 2
    return fmt::format("siltgate: the admin pages are closed to peer {} (Host \"{}\"). To open them, add to the configuration: "
                       "\"admin\": {{ \"allow\": [\"127.0.0.0/8\", \"::1/128\", \"{}\"] }}\n",
                       shown(gate.peer_ip), shown(gate.host), shown(gate.peer_ip));
  if (!host_is_ours(gate))                                                                  // 3
    return fmt::format("siltgate: the admin pages do not answer to Host \"{}\" (peer {}). To allow it, add to the configuration: "
                       "\"admin\": {{ \"allowed_hosts\": [\"localhost\", \"{}\"] }}\n",
                       shown(gate.host), shown(gate.peer_ip), shown(host_name(gate.host)));
  return {};
}

}  // namespace siltgate::admin
