// SPDX-License-Identifier: Apache-2.0
// One TCP connection of a test, plain or TLS: blocking calls with a deadline, ends told apart. Does not know HTTP.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace siltgate::test {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr std::chrono::seconds patience{10};  // longest any single call of a test may take
inline Deadline soon() { return std::chrono::steady_clock::now() + patience; }

/// A deadline passed: thrown, so that a test fails instead of hanging.
struct TooLate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a connection stands after a call. `fin` and `reset` come from the peer; `stopped` from the end of the test.
enum class End { open, fin, reset, late, stopped };
std::string_view to_string(End end);

/// Wakes every wait of a thing under test when it is to end.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  void raise();
  int fd() const { return read_end_; }  // readable for ever once raised

 private:
  int read_end_ = -1, write_end_ = -1;
};

class Wire {
 public:
  explicit Wire(int fd, int stop_fd = -1);
  Wire(Wire&& other) noexcept;
  ~Wire();

  /// Connects to a loopback port; throws when it is refused.
  static Wire connect(std::uint16_t port, int stop_fd = -1);

  End accept_tls(SSL_CTX* context, Deadline deadline);
  End connect_tls(SSL_CTX* context, const std::string& name, Deadline deadline);

  /// Appends what one read gives.
  End read(std::string& into, Deadline deadline);
  End write(std::string_view bytes, Deadline deadline);
  /// Has the peer closed or reset? Looks without taking bytes; over TLS any byte counts, as a close_notify comes first.
  bool peer_gone() const;
  /// Receives no more than it must: a small receive buffer, so that a stalled reader fills it soon.
  void shrink_receive_buffer();

  /// As a server of TLS 1.2: asks the client for another handshake.
  void renegotiate();

  void send_fin();  // half close: the peer sees the end, reading goes on
  void close();     // FIN, over TLS with close_notify before it
  void reset();     // RST
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  End wait(short events, Deadline deadline) const;
  End tls_wait(int result, Deadline deadline);
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_ = -1;
  int stop_fd_ = -1;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

/// A listening socket on a port the system chose.
class Listener {
 public:
  explicit Listener(const std::string& address = "127.0.0.1");
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  std::uint16_t port() const { return port_; }
  /// The next connection, or -1 when `stop_fd` becomes readable.
  int accept(int stop_fd);

 private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace siltgate::test
