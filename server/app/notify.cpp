// SPDX-License-Identifier: Apache-2.0
#include "app/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace siltgate::app {

void notify_service(std::string_view lines) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, std::strlen(path));
  if (path[0] == '@') address.sun_path[0] = '\0';  // abstract namespace
  int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  [[maybe_unused]] auto sent = ::sendto(fd, lines.data(), lines.size(), 0, reinterpret_cast<sockaddr*>(&address), size);
  ::close(fd);
}

std::optional<std::chrono::microseconds> watchdog_period() {
  const char* period = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (!period || (pid && std::atol(pid) != static_cast<long>(::getpid()))) return {};
  long long microseconds = std::atoll(period);
  if (microseconds <= 0) return {};
  return std::chrono::microseconds(microseconds / 2);
}

}  // namespace siltgate::app
