// SPDX-License-Identifier: Apache-2.0
#include "demo/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace siltgate::demo {
namespace {

using ErrorCode = boost::system::error_code;
using Socket = asio::ip::tcp::socket;
constexpr std::chrono::seconds read_limit{75}, write_limit{60};
constexpr std::chrono::hours silence_limit{1};

}  // namespace

Connection::Connection(Socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  ErrorCode ignored;   // a socket without NODELAY is only slower
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::arm(Duration limit) {
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this(), armed = ++armed_](const ErrorCode& error) {
    ErrorCode ignored;
    if (!error && self->armed_ == armed) self->socket_.cancel(ignored);
  });
}

void Connection::disarm() {
  ++armed_;
  timer_.cancel();
}

Task<std::size_t> Connection::read_some(std::span<char> into) {
  ErrorCode error;
  arm(read_limit);
  std::size_t count = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                       asio::redirect_error(asio::use_awaitable, error));
  disarm();
  co_return error ? 0 : count;
}

Task<bool> Connection::write(std::string_view bytes) {
  ErrorCode error;
  arm(write_limit);
  co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                             asio::redirect_error(asio::use_awaitable, error));
  disarm();
  co_return !error;
}

bool Connection::peer_left() {
  char byte = 0;
  ErrorCode error;
  socket_.non_blocking(true, error);
  socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
  return error && error != asio::error::would_block && error != asio::error::try_again;
}

Task<bool> Connection::pause(Duration duration) {
  ErrorCode error;
  if (duration <= Duration::zero()) co_return socket_.is_open();
  const TimePoint until = Clock::now() + duration;
  arm(duration);
  co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
  disarm();
  if (error) co_return socket_.is_open();   // the time is over, or close() was called
  if (peer_left()) co_return false;
  timer_.expires_at(until);                 // the next request is already here: wait the rest without looking
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  co_return socket_.is_open();
}

Task<void> Connection::wait_for_peer_to_leave() {
  bool here = co_await pause(silence_limit);
  if (here) close();
}

void Connection::close() {
  ErrorCode ignored;
  disarm();
  socket_.close(ignored);
}

}  // namespace siltgate::demo
