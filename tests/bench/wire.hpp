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

/// The next word of a text that does not repeat itself: checks of the text should meet what answers are made of. Two of three
/// are made of syllables, the others are the short words of English.
inline std::string next_word() {
  static constexpr const char* syllables[] = {"ba", "con", "de", "er", "fi", "gra", "hol", "in", "ja", "ker", "lo", "men", "nor", "op", "per", "qua",
                                              "ri", "sto", "tin", "un", "ver", "wil", "ex", "yon", "zem", "ma", "ful", "low", "ist", "pre", "sub", "tion"};
  static constexpr const char* short_words[] = {" the", " of", " and", " to", " in", " a", " is", " that", " for", " it", " as", ",", ".\\n", " with", " by", " not"};
  static std::uint32_t state = 12345;
  const auto pick = [](std::uint32_t below) {
    state = state * 1664525 + 1013904223;   // Numerical Recipes' generator: the same text in every run
    return (state >> 16) % below;
  };
  if (pick(3) == 0) return short_words[pick(16)];
  std::string word = " ";
  for (std::uint32_t left = 1 + pick(3); left > 0; --left) word += syllables[pick(32)];
  return word;
}

/// One chat chunk of about 290 bytes, as providers send them: the fingerprint, for which a few have the time of sending (0 = none), and
/// the text are all that changes.
inline std::string event(std::int64_t ns, bool last = false) {
  char text[400];
  const int size = std::snprintf(
      text, sizeof text,
      "data: {\"id\":\"chatcmpl-bench-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764200000,\"model\":\"bench-model\","
      "\"system_fingerprint\":\"@%019lld\","
      "\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"%s\"},\"finish_reason\":%s}]}\n\n",
      static_cast<long long>(ns), last ? "" : "\"role\":\"assistant\",", next_word().c_str(), last ? "\"stop\"" : "null");
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace bench
