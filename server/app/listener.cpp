// SPDX-License-Identifier: Apache-2.0
#include "app/listener.hpp"

#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "net/control_socket.hpp"
#include "net/port_owner.hpp"
#include "net/tcp_info.hpp"
#include "settings/address.hpp"

namespace siltgate::app {
namespace {

StartFailure cannot_listen(const settings::Listen& where, const ErrorCode& error) {
  std::string name = settings::format_address(where.address, where.port);
  StartFailure failure{69, "cannot listen on " + name + ": " + error.message()};
  if (error == asio::error::address_in_use) {
    std::string owner = net::port_owner(where.port);
    failure.message = "cannot listen on " + name + ": the port is held by " + (owner.empty() ? "another process" : owner) +
                      ". Stop it, or choose another address with --listen";
  } else if (error == boost::system::errc::address_not_available) {
    failure.message += ". This machine has no such address; \"wait\": true in the listen entry waits until it appears";
  } else if (error == asio::error::access_denied) {
    failure.exit_code = 77;
    failure.message += ". Ports below 1024 need a privilege; choose a higher one";
  }
  return failure;
}

}  // namespace

/// Lets a completion that comes late see that its Listener is gone.
struct Listener::Link {
  Listener* owner;
};

Listener::Listener(asio::any_io_executor executor, Room room, Accepted accepted, Crowded crowded)
    : executor_(executor),
      acceptor_(executor),
      timer_(executor),
      link_(std::make_shared<Link>(Link{this})),
      room_(std::move(room)),
      accepted_(std::move(accepted)),
      crowded_(std::move(crowded)) {}

Listener::~Listener() {
  link_->owner = nullptr;
  close();
}

std::optional<StartFailure> Listener::bind_tcp(const settings::Listen& where) {
  ErrorCode error;
  asio::ip::tcp::endpoint endpoint(asio::ip::make_address(where.address, error), where.port);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    ErrorCode ignored;
    acceptor_.close(ignored);
    return cannot_listen(where, error);
  }
  net::probe_clients(acceptor_.native_handle());
  std::string text = net::to_text(acceptor_.local_endpoint());
  port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
  name_ = settings::format_address(where.address, port_);
  return {};
}

std::optional<StartFailure> Listener::adopt(const settings::Listen& where, int descriptor) {
  ErrorCode error;
  const asio::generic::stream_protocol protocol(where.address.find(':') == std::string::npos ? asio::ip::tcp::v4() : asio::ip::tcp::v6());
  acceptor_.assign(protocol, descriptor, error);
  if (error) return StartFailure{69, "cannot take the socket for " + settings::format_address(where.address, where.port) + " from the service manager: " + error.message()};
  net::probe_clients(acceptor_.native_handle());
  port_ = where.port;
  name_ = settings::format_address(where.address, port_);
  return {};
}

std::optional<StartFailure> Listener::bind_control(const std::string& path) {
  if (std::string why = net::prepare_control_socket(path); !why.empty()) return StartFailure{69, "control socket: " + why};
  ErrorCode error;
  asio::local::stream_protocol::endpoint endpoint(path);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error && !net::restrict_control_socket(path)) error = asio::error::access_denied;
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return StartFailure{69, "control socket " + path + ": " + error.message()};
  control_path_ = path;
  name_ = path;
  return {};
}

void Listener::bind_when_possible(settings::Listen where, std::function<void()> bound) {
  if (!bind_tcp(where)) return bound();
  later(std::chrono::seconds(1), [where, bound](Listener& self) { self.bind_when_possible(where, bound); });
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  if (!room_()) {
    paused_ = true;
    return watch_for_newcomers();
  }
  acceptor_.async_accept([link = link_](const ErrorCode& error, net::Socket socket) {
    if (link->owner) link->owner->took(error, std::move(socket));
  });
}

void Listener::watch_for_newcomers() {
  acceptor_.async_wait(acceptor_.wait_read, [link = link_](const ErrorCode& error) {
    if (error || !link->owner || !link->owner->paused_) return;
    link->owner->crowded_();
    link->owner->later(std::chrono::seconds(1), [](Listener& self) {
      if (self.paused_) self.watch_for_newcomers();
    });
  });
}

void Listener::took(const ErrorCode& error, net::Socket socket) {
  if (error == asio::error::operation_aborted) return;
  if (error) {  // out of descriptors or buffers: what is queued stays queued
    return later(std::chrono::milliseconds(100), [](Listener& self) { self.accept(); });
  }
  ErrorCode ignored;
  std::string local = net::address_text(socket.local_endpoint(ignored));
  accepted_(net::Connection(std::move(socket), net::Side::client), local);
  accept();
}

void Listener::go_on() {
  if (!paused_) return;
  paused_ = false;
  accept();
}

void Listener::later(Duration duration, std::function<void(Listener&)> what) {
  timer_.expires_after(duration);
  timer_.async_wait([link = link_, what = std::move(what)](const ErrorCode& error) {
    if (!error && link->owner) what(*link->owner);
  });
}

void Listener::close() {
  ErrorCode ignored;
  timer_.cancel();
  acceptor_.close(ignored);
  if (!control_path_.empty()) ::unlink(control_path_.c_str());
  control_path_.clear();
}

}  // namespace siltgate::app
