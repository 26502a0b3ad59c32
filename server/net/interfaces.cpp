// SPDX-License-Identifier: Apache-2.0
#include "net/interfaces.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cstdint>

namespace siltgate::net {
namespace {

std::string text_of(std::uint32_t host_order) {
  in_addr address{};
  address.s_addr = htonl(host_order);
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address, text.data(), text.size()) ? text.data() : "";
}

std::uint32_t number_of(const sockaddr* address) { return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr); }

}  // namespace

std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const ifaddrs* each = list; each; each = each->ifa_next) {
    const bool wanted = each->ifa_addr && each->ifa_netmask && each->ifa_addr->sa_family == AF_INET && (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
    if (!wanted) continue;
    const std::uint32_t address = number_of(each->ifa_addr), mask = number_of(each->ifa_netmask);
    out.push_back({each->ifa_name, text_of(address), text_of(address & mask) + "/" + std::to_string(std::popcount(mask))});
  }
  ::freeifaddrs(list);
  return out;
}

}  // namespace siltgate::net
