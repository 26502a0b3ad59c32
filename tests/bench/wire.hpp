// SPDX-License-Identifier: Apache-2.0
// What the two ends of the bench share: sockets without delay, the clock both read, and one event with its time of sending.
// Both run on one machine, so CLOCK_MONOTONIC is common to them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline void non_blocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL, 0) | O_NONBLOCK); }

inline int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 4096) != 0) die("listen");
  return fd;
}

inline int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
  no_delay(fd);
  return fd;
}

inline void raise_fd_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// One chat chunk of about 220 bytes, as providers send them; the text of its delta is the time of sending.
inline std::string event(std::int64_t ns, bool last = false) {
  char text[400];
  const int size = std::snprintf(
      text, sizeof text,
      "data: {\"id\":\"chatcmpl-bench-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764200000,\"model\":\"bench-model\","
      "\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"@%019lld\"},\"finish_reason\":%s}]}\n\n",
      last ? "" : "\"role\":\"assistant\",", static_cast<long long>(ns), last ? "\"stop\"" : "null");
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace bench
