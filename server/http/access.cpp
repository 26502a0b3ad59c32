// SPDX-License-Identifier: Apache-2.0
#include "http/access.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.hpp"
#include "http/fields.hpp"
#include "http/grammar.hpp"
#include "http/head_lines.hpp"

namespace siltgate::http {
namespace {

/// An address as 16 bytes; IPv4 sits in ::ffff:0:0/96, so both families compare alike.
using Address = std::array<unsigned char, 16>;
constexpr int v4_prefix = 96;

std::optional<Address> parse_address(std::string_view text) {
  Address address{};
  std::string copy(text);
  if (copy.find('\0') != copy.npos) return {};
  if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
  address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, copy.c_str(), address.data() + 12) == 1) return address;
  return {};
}

struct Network {
  Address address{};
  int prefix = 128;
};

std::optional<Network> parse_network(std::string_view cidr) {
  auto slash = cidr.find('/');
  auto text = cidr.substr(0, slash);
  auto address = parse_address(text);
  if (!address) return {};
  bool v4 = text.find(':') == text.npos;
  Network network{*address, 128};
  if (slash == cidr.npos) return network;
  auto digits = cidr.substr(slash + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), network.prefix);
  if (error != std::errc{} || end != digits.data() + digits.size()) return {};
  if (network.prefix < 0 || network.prefix > (v4 ? 32 : 128)) return {};
  if (v4) network.prefix += v4_prefix;
  return network;
}

bool contains(const Network& network, const Address& address) {
  for (int bit = 0; bit < network.prefix; bit += 8) {
    int rest = std::min(8, network.prefix - bit);
    auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    auto byte = static_cast<std::size_t>(bit / 8);
    if ((network.address[byte] & mask) != (address[byte] & mask)) return false;
  }
  return true;
}

bool loopback(const Address& address) {
  static const std::vector<std::string> networks{"127.0.0.0/8", "::1/128"};
  return std::any_of(networks.begin(), networks.end(),
                     [&](const auto& cidr) { return contains(*parse_network(cidr), address); });
}

Failure forbidden(std::string detail) {
  auto failure = malformed(std::move(detail));
  failure.cause = Cause::forbidden;
  return failure;
}

/// What a peer sent, fit for a message: visible ASCII, bounded.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, 80));
  for (char& c : out)
    if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e) c = '?';
  return out;
}

Result<void> check_host(const RequestHead& head, std::string_view peer_ip, std::string_view local_ip, const AccessRules& rules) {
  if (head.minor_version == 0 && head.host.empty()) return {};  // no browser speaks HTTP/1.0 without Host
  if (!is_host_value(head.host)) return malformed("Host is not host or host:port");
  auto name = lower(host_of(head.host));
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  auto& names = rules.allowed_hosts;
  if (std::any_of(names.begin(), names.end(), [&](const auto& allowed) { return same_name(allowed, name); })) return {};
  if (auto address = parse_address(name)) {
    if (loopback(*address)) return {};
    auto local = parse_address(local_ip);
    if (local && *local == *address) return {};
  }
  return forbidden(fmt::format("Host \"{}\" (peer {}) is not a name of this listener; if it is, add to the configuration: \"admin\": {{ "
                               "\"allowed_hosts\": [\"localhost\", \"{}\"] }}", shown(head.host), shown(peer_ip), shown(name)));
}

/// A link followed in a browser carries no script and its answer is read by nobody but the user.
bool plain_navigation(const RequestHead& head) {
  return (head.method == "GET" || head.method == "HEAD") &&
         head.fields.find("Sec-Fetch-Mode").value_or("") == "navigate" &&
         head.fields.find("Sec-Fetch-Dest").value_or("") == "document";
}

bool same_origin(std::string_view origin, std::string_view host) {
  auto mark = origin.find("://");
  auto scheme = origin.substr(0, mark);
  if (mark == origin.npos || (!same_name(scheme, "http") && !same_name(scheme, "https"))) return false;
  return !host.empty() && same_name(origin.substr(mark + 3), host);
}

Result<void> check_origin(const RequestHead& head) {
  auto origin = head.fields.find("Origin");
  if (origin && (head.fields.count("Origin") > 1 || !same_origin(*origin, head.host)))
    return forbidden(fmt::format("Origin \"{}\" is not this server ({}); web pages of other sites are not served, use a "
                                 "client that is no browser", shown(*origin), shown(head.host)));
  auto site = head.fields.find("Sec-Fetch-Site").value_or("none");
  if (!same_name(site, "none") && !same_name(site, "same-origin") && !plain_navigation(head))
    return forbidden(fmt::format("Sec-Fetch-Site \"{}\": a web page of another site asked; open the page from this "
                                 "server itself", shown(site)));
  return {};
}

}  // namespace

bool valid_network(std::string_view cidr) { return parse_network(cidr).has_value(); }

bool in_networks(std::string_view ip, const std::vector<std::string>& cidrs) {
  auto address = parse_address(ip);
  if (!address) return false;
  return std::any_of(cidrs.begin(), cidrs.end(), [&](const auto& cidr) {
    auto network = parse_network(cidr);
    return network && contains(*network, *address);
  });
}

// 1. the peer's network; 2. Host (DNS rebinding); 3. Origin and Sec-Fetch-Site (pages of other sites).
Result<void> check_access(const RequestHead& head, std::string_view peer_ip, std::string_view local_ip,
                          const AccessRules& rules) {
  if (!rules.allow.empty() && !in_networks(peer_ip, rules.allow))  // 1
    return forbidden(fmt::format("peer {} is in none of the networks of this listener's \"allow\"; add \"{}\" there",
                                 shown(peer_ip), shown(peer_ip)));
  auto host = check_host(head, peer_ip, local_ip, rules);  // 2
  if (!host) return host;
  return check_origin(head);  // 3
}

bool equal_secret(std::string_view a, std::string_view b) {
  unsigned different = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return different == 0;
}

}  // namespace siltgate::http
