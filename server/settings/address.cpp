// SPDX-License-Identifier: Apache-2.0
#include "settings/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace siltgate::settings {
namespace {

struct Ip {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  // 32 or 128
};

std::optional<Ip> read_ip(std::string_view text) {
  const std::string copy(text.substr(0, text.find('%')));  // a zone such as %eth0 names a link, not an address
  Ip ip;
  if (inet_pton(AF_INET, copy.c_str(), ip.bytes.data()) == 1) {
    ip.bits = 32;
    return copy.size() == text.size() ? std::optional<Ip>(ip) : std::nullopt;
  }
  if (inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) != 1) return {};
  ip.bits = 128;
  return ip;
}

std::string write_ip(const Ip& ip) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(ip.bits == 32 ? AF_INET : AF_INET6, ip.bytes.data(), out.data(), out.size());
  return out.data();
}

bool read_port(std::string_view text, std::uint16_t& port) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string fault_without_port(std::string_view text) {
  const std::string whole(text);
  if (text.empty()) return "the address is empty; write \"127.0.0.1:4290\"";
  if (all_digits(text)) return "a port alone says no address; write \"127.0.0.1:" + whole + "\" (this machine only) or \"0.0.0.0:" + whole + "\" (every interface)";
  if (read_ip(text)) return "the port is missing; write \"" + format_address(text, 4290) + "\"";
  return "expected ADDRESS:PORT such as \"127.0.0.1:4290\" or \"[::1]:4290\"";
}

std::string fault_of_host(std::string_view host, std::string_view port) {
  const std::string behind = ":" + std::string(port);
  if (host.empty()) return "the address is missing; write \"127.0.0.1" + behind + "\" (this machine only) or \"0.0.0.0" + behind + "\" (every interface)";
  if (host == "*") return "\"*\" is no address; write \"0.0.0.0" + behind + "\" for every interface";
  if (host == "localhost") return "listen takes IP addresses, not names; write \"127.0.0.1" + behind + "\"";
  return "\"" + std::string(host) + "\" is not an IP address; write one such as \"127.0.0.1" + behind + "\"";
}

}  // namespace

ParsedAddress parse_address(std::string_view text) {
  ParsedAddress out;
  std::string_view host, port;
  if (text.find("://") != std::string_view::npos) {
    out.fault = "an address has no scheme; write \"127.0.0.1:4290\"";
    return out;
  }
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    host = text.substr(1, close == std::string_view::npos ? close : close - 1);
    port = close == std::string_view::npos ? "" : text.substr(close + 1);
    if (close == std::string_view::npos || port.empty() || port.front() != ':' || !read_ip(host)) {
      out.fault = "expected \"[IPv6]:PORT\" such as \"[::1]:4290\"";
      return out;
    }
    port.remove_prefix(1);
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || read_ip(text)) {
      const bool both = colon != std::string_view::npos && all_digits(text.substr(colon + 1)) && read_ip(text.substr(0, colon));
      out.fault = both ? "an IPv6 address needs brackets; write \"[" + std::string(text.substr(0, colon)) + "]" + std::string(text.substr(colon)) + "\""
                       : fault_without_port(text);
      return out;
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    const auto ip = read_ip(host);
    if (!ip) out.fault = fault_of_host(host, port);
    if (ip && ip->bits == 128) out.fault = "an IPv6 address needs brackets; write \"[" + std::string(host) + "]:" + std::string(port) + "\"";
  }
  if (out.fault.empty() && !read_port(port, out.port)) out.fault = "\"" + std::string(port) + "\" is not a port; ports are 0 to 65535";
  out.address = std::string(host);
  return out;
}

std::string format_address(std::string_view address, std::uint16_t port) {
  const std::string host(address);
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

ParsedNetwork parse_network(std::string_view text) {
  ParsedNetwork out;
  const auto slash = text.find('/');
  auto ip = read_ip(text.substr(0, slash));
  if (!ip || text.find('%') != std::string_view::npos) {
    out.fault = "\"" + std::string(text) + "\" is not a network; write one such as \"192.168.64.0/24\" or \"::1/128\"";
    return out;
  }
  std::uint16_t bits = static_cast<std::uint16_t>(ip->bits);
  if (slash != std::string_view::npos && (!read_port(text.substr(slash + 1), bits) || bits > ip->bits)) {
    out.fault = "\"/" + std::string(text.substr(slash + 1)) + "\" is not a prefix length; an IPv" + (ip->bits == 32 ? "4" : "6") +
                " network has 0 to " + std::to_string(ip->bits);
    return out;
  }
  for (int bit = bits; bit < ip->bits; ++bit)
    ip->bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
  out.network = write_ip(*ip) + "/" + std::to_string(bits);
  return out;
}

bool is_ip(std::string_view text) { return read_ip(text).has_value(); }

bool is_loopback(std::string_view text) {
  const auto ip = read_ip(text);
  if (!ip) return false;
  if (ip->bits == 32) return ip->bytes[0] == 127;
  Ip mapped_prefix, one;
  one.bytes[15] = 1;
  mapped_prefix.bytes[10] = mapped_prefix.bytes[11] = 0xFF;
  const bool mapped = std::equal(ip->bytes.begin(), ip->bytes.begin() + 12, mapped_prefix.bytes.begin());
  return ip->bytes == one.bytes || (mapped && ip->bytes[12] == 127);
}

bool is_host_name(std::string_view text) {
  if (text.substr(0, 2) == "*.") text.remove_prefix(2);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text.front() != '.' && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace siltgate::settings
