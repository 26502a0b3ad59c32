// SPDX-License-Identifier: Apache-2.0
#include "support/wire.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace siltgate::test {
namespace {

void set_up(int fd) {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  (void)ignored;
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int milliseconds_until(Deadline deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

std::string_view to_string(End end) {
  constexpr std::string_view names[] = {"open", "fin", "reset", "late", "stopped"};
  return names[static_cast<int>(end)];
}

StopSignal::StopSignal() {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  read_end_ = ends[0];
  write_end_ = ends[1];
}

StopSignal::~StopSignal() {
  ::close(write_end_);
  ::close(read_end_);
}

void StopSignal::raise() { [[maybe_unused]] auto written = ::write(write_end_, "x", 1); }

Wire::Wire(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) { set_up(fd); }

Wire::Wire(Wire&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), stop_fd_(other.stop_fd_), ssl_(std::move(other.ssl_)) {}

Wire::~Wire() { close(); }

Wire Wire::connect(std::uint16_t port, int stop_fd) {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    throw std::runtime_error("connection refused on port " + std::to_string(port));
  }
  return Wire(fd, stop_fd);
}

End Wire::wait(short events, Deadline deadline) const {
  for (;;) {
    pollfd waited[2] = {{fd_, events, 0}, {stop_fd_, POLLIN, 0}};
    int ready = ::poll(waited, stop_fd_ < 0 ? 1 : 2, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return End::late;
    return waited[1].revents != 0 ? End::stopped : End::open;
  }
}

/// After a TLS call that gave no progress: waits for what it wants, or says how the connection ended.
End Wire::tls_wait(int result, Deadline deadline) {
  const int saved = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE: return wait(POLLOUT, deadline);
    case SSL_ERROR_ZERO_RETURN: return End::fin;
    case SSL_ERROR_SYSCALL: return saved == ECONNRESET || saved == EPIPE ? End::reset : End::fin;
    default: {
      auto error = ERR_get_error();
      return ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? End::fin : End::reset;
    }
  }
}

End Wire::accept_tls(SSL_CTX* context, Deadline deadline) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_);
  for (;;) {
    ERR_clear_error();
    int result = SSL_accept(ssl_.get());
    if (result == 1) return End::open;
    if (End end = tls_wait(result, deadline); end != End::open) return end;
  }
}

End Wire::connect_tls(SSL_CTX* context, const std::string& name, Deadline deadline) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_);
  SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  SSL_set1_host(ssl_.get(), name.c_str());
  for (;;) {
    ERR_clear_error();
    int result = SSL_connect(ssl_.get());
    if (result == 1) return End::open;
    if (End end = tls_wait(result, deadline); end != End::open) return end;
  }
}

End Wire::read(std::string& into, Deadline deadline) {
  char buffer[16384];
  while (fd_ >= 0) {
    ERR_clear_error();
    auto got = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer) : ::recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      into.append(buffer, static_cast<std::size_t>(got));
      return End::open;
    }
    if (!ssl_ && got == 0) return End::fin;
    if (!ssl_ && !would_block()) return End::reset;
    End end = ssl_ ? tls_wait(static_cast<int>(got), deadline) : wait(POLLIN, deadline);
    if (end != End::open) return end;
  }
  return End::fin;
}

End Wire::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty() && fd_ >= 0) {
    ERR_clear_error();
    auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                     : ::send(fd_, bytes.data(), bytes.size(), 0);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (!ssl_ && !would_block()) return End::reset;
    End end = ssl_ ? tls_wait(static_cast<int>(sent), deadline) : wait(POLLOUT, deadline);
    if (end != End::open) return end;
  }
  return fd_ >= 0 ? End::open : End::fin;
}

void Wire::renegotiate() {
  if (!ssl_) return;
  SSL_renegotiate(ssl_.get());
  SSL_do_handshake(ssl_.get());
}

bool Wire::peer_gone() const {
  char byte;
  auto seen = ::recv(fd_, &byte, 1, MSG_PEEK);
  if (seen < 0) return !would_block();
  return seen == 0 || ssl_;
}

void Wire::shrink_receive_buffer() {
  int size = 4096;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void Wire::send_fin() {
  if (fd_ < 0) return;
  if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ::shutdown(fd_, SHUT_WR);
}

void Wire::close() {
  if (fd_ < 0) return;
  send_fin();
  ::close(std::exchange(fd_, -1));
}

void Wire::reset() {
  if (fd_ < 0) return;
  linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

Listener::Listener(const std::string& where) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (fd_ < 0 || ::inet_pton(AF_INET, where.c_str(), &address.sin_addr) != 1 ||
      ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 128) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on " + where);
  port_ = ntohs(address.sin_port);
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

Listener::~Listener() { ::close(fd_); }

int Listener::accept(int stop_fd) {
  for (;;) {
    pollfd waited[2] = {{fd_, POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (::poll(waited, 2, -1) < 0 && errno != EINTR) return -1;
    if (waited[1].revents != 0) return -1;
    if (waited[0].revents == 0) continue;
    int fd = ::accept(fd_, nullptr, nullptr);
    if (fd >= 0) return fd;
  }
}

}  // namespace siltgate::test
