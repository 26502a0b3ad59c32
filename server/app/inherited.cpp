// SPDX-License-Identifier: Apache-2.0
#include "app/inherited.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace siltgate::app {
namespace {

constexpr int first_descriptor = 3;
constexpr int most = 64;

bool listens(int descriptor) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

InheritedSocket describe(int descriptor) {
  InheritedSocket out{descriptor, "", 0, false};
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  if (!listens(descriptor) || ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&where), &size) != 0) return out;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (where.ss_family != AF_INET && where.ss_family != AF_INET6) return out;
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&where), size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) return out;
  out.address = host.data();
  out.port = static_cast<std::uint16_t>(std::atoi(port.data()));
  return out;
}

}  // namespace

int inherited_count(const char* listen_pid, const char* listen_fds, long pid) {
  if (!listen_pid || !listen_fds || std::strtol(listen_pid, nullptr, 10) != pid) return 0;
  char* end = nullptr;
  const long count = std::strtol(listen_fds, &end, 10);
  return *end == '\0' && count > 0 && count <= most ? static_cast<int>(count) : 0;
}

std::vector<InheritedSocket> take_inherited() {
  const int count = inherited_count(std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"), static_cast<long>(::getpid()));
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  std::vector<InheritedSocket> out;
  for (int i = 0; i < count; ++i) {
    ::fcntl(first_descriptor + i, F_SETFD, FD_CLOEXEC);
    out.push_back(describe(first_descriptor + i));
  }
  return out;
}

}  // namespace siltgate::app
