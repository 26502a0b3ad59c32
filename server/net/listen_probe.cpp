// SPDX-License-Identifier: Apache-2.0
#include "net/listen_probe.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "net/port_owner.hpp"

namespace siltgate::net {
namespace {

/// 0 or errno.
int try_listen(const addrinfo& where) {
  const int fd = ::socket(where.ai_family, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);   // as the server: a port in TIME_WAIT is free
  int failed = ::bind(fd, where.ai_addr, where.ai_addrlen) == 0 ? 0 : errno;
  if (failed == 0 && ::listen(fd, 1) != 0) failed = errno;
  ::close(fd);
  return failed;
}

}  // namespace

ListenProbe probe_listen(const std::string& address, std::uint16_t port) {
  using State = ListenProbe::State;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int unknown = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (unknown != 0) return {State::failed, ::gai_strerror(unknown)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, ::freeaddrinfo);
  const int failed = try_listen(*list);
  if (failed == 0) return {State::free, {}};
  if (failed == EADDRNOTAVAIL) return {State::no_such_address, {}};
  if (failed == EACCES || failed == EPERM) return {State::not_permitted, {}};
  if (failed != EADDRINUSE) return {State::failed, std::strerror(failed)};
  const std::string owner = port_owner(port);
  return {State::held, owner.empty() ? "another process" : owner};
}

}  // namespace siltgate::net
