// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/clock.hpp"
#include "http/body_decoder.hpp"
#include "net/send_all.hpp"

namespace siltgate::cli {
namespace {

union AnyAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

/// Size of the address; 0 when the literal is none.
socklen_t fill(AnyAddress& out, const std::string& address, std::uint16_t port) {
  out = {};
  if (::inet_pton(AF_INET, address.c_str(), &out.v4.sin_addr) == 1) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(port);
    return sizeof out.v4;
  }
  if (::inet_pton(AF_INET6, address.c_str(), &out.v6.sin6_addr) != 1) return 0;
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(port);
  return sizeof out.v6;
}

void set(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

/// Appends what one read gives; false at the end of the connection.
bool receive(int fd, std::string& into) {
  std::array<char, 16384> buffer;
  ssize_t got = 0;
  do {
    got = ::recv(fd, buffer.data(), buffer.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

/// Reads a whole request, its body too: bytes that are left unread would make the close a reset.
bool read_request(int fd, std::string& line) {
  std::string input;
  http::HeadScanner scanner;
  const http::Limits limits;
  std::size_t size = 0;
  while (size == 0) {
    if (!receive(fd, input)) return false;
    auto scanned = scanner.scan(input, limits);
    if (!scanned) return false;
    size = *scanned;
  }
  auto head = http::parse_request_head(std::string_view(input).substr(0, size), limits);
  if (!head) return false;
  line = head->method + " " + head->target;
  input.erase(0, size);
  if (head->expects_continue && !net::send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
  http::BodyDecoder decoder(head->framing);
  while (!decoder.done()) {
    if (!decoder.decode({input.data(), input.size()})) return false;
    input.clear();
    if (!decoder.done() && !receive(fd, input)) return false;
  }
  return true;
}

void reset(int fd) {
  const linger hard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/// Reads until the client closes.
void wait_until_gone(int fd) {
  for (std::string ignored; receive(fd, ignored);) ignored.clear();
}

}  // namespace

ReplayServer::~ReplayServer() {
  if (fd_ >= 0) ::close(fd_);
}

std::string ReplayServer::listen(const std::string& address, std::uint16_t port) {
  AnyAddress where;
  const socklen_t size = fill(where, address, port);
  if (size == 0) return "no IP address";
  fd_ = ::socket(where.any.sa_family, SOCK_STREAM, 0);
  if (fd_ < 0) return std::strerror(errno);
  set(fd_, SOL_SOCKET, SO_REUSEADDR);
  if (::bind(fd_, &where.any, size) != 0 || ::listen(fd_, 64) != 0) return std::strerror(errno);
  socklen_t length = sizeof where;
  ::getsockname(fd_, &where.any, &length);
  port_ = ntohs(where.any.sa_family == AF_INET ? where.v4.sin_port : where.v6.sin6_port);
  return {};
}

int ReplayServer::accept_one() const {
  int fd = -1;
  do {
    fd = ::accept(fd_, nullptr, nullptr);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) return fd;
  set(fd, IPPROTO_TCP, TCP_NODELAY);
#ifdef SO_NOSIGPIPE
  set(fd, SOL_SOCKET, SO_NOSIGPIPE);
#endif
  return fd;
}

bool ReplayServer::answer(int fd, const Told& told) const {
  std::string line;
  if (!read_request(fd, line)) return false;
  told(line);
  const TimePoint begin = Clock::now();
  const auto wait = [&](std::int64_t ns) {
    if (!fast_) std::this_thread::sleep_until(begin + std::chrono::nanoseconds(ns));
  };
  bool there = net::send_all(fd, plan_.head);
  if (line.starts_with("HEAD ")) return true;
  for (const ReplayPlan::Step& step : plan_.steps) {
    if (!there) return true;
    wait(step.ns);
    there = net::send_all(fd, step.bytes);
  }
  if (plan_.end == ReplayPlan::End::silence) wait_until_gone(fd);
  else wait(plan_.end_ns);
  if (plan_.end == ReplayPlan::End::reset) reset(fd);
  return true;
}

bool ReplayServer::serve_once(const Told& told) {
  for (bool answered = false; !answered;) {
    const int fd = accept_one();
    if (fd < 0) return false;
    answered = answer(fd, told);
    ::close(fd);
  }
  return true;
}

void ReplayServer::serve(const Told& told) {
  for (int fd = accept_one(); fd >= 0; fd = accept_one())
    std::thread([this, fd, told] {
      answer(fd, told);
      ::close(fd);
    }).detach();
}

}  // namespace siltgate::cli
