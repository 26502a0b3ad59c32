// SPDX-License-Identifier: Apache-2.0
// A bound socket that hands over what it accepts. TCP or the control socket. Knows no HTTP.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/app.hpp"
#include "net/connection.hpp"

namespace siltgate::app {

class Listener {
 public:
  using Accepted = std::function<void(net::Connection connection, const std::string& local_address)>;
  /// May another connection be taken now? When not, accepting pauses until go_on().
  using Room = std::function<bool()>;
  /// Somebody waits to be accepted and there is no room: said at once and every second while it lasts.
  using Crowded = std::function<void()>;

  Listener(asio::any_io_executor executor, Room room, Accepted accepted, Crowded crowded = [] {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Failure says who holds the port and what to do.
  std::optional<StartFailure> bind_tcp(const settings::Listen& where);
  /// Takes a socket that listens already, on the address of `where`.
  std::optional<StartFailure> adopt(const settings::Listen& where, int descriptor);
  std::optional<StartFailure> bind_control(const std::string& path);
  /// Binds later when the address appears (`wait: true`), trying every second.
  void bind_when_possible(settings::Listen where, std::function<void()> bound);

  void accept();
  void go_on();
  void close();
  bool bound() const { return acceptor_.is_open(); }
  std::uint16_t port() const { return port_; }
  const std::string& name() const { return name_; }   // "127.0.0.1:4290"

 private:
  struct Link;
  void took(const ErrorCode& error, net::Socket socket);
  void watch_for_newcomers();
  void later(Duration duration, std::function<void(Listener&)> what);

  asio::any_io_executor executor_;
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
  asio::steady_timer timer_;
  std::shared_ptr<Link> link_;
  Room room_;
  Accepted accepted_;
  Crowded crowded_;
  std::uint16_t port_ = 0;
  std::string name_;
  std::string control_path_;
  bool paused_ = false;
};

}  // namespace siltgate::app
