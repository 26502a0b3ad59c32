// SPDX-License-Identifier: Apache-2.0
// One accepted socket of the demo provider with a deadline on every wait. Knows no HTTP.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.hpp"

namespace siltgate::demo {

namespace asio = boost::asio;
template <class T>
using Task = asio::awaitable<T>;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(asio::ip::tcp::socket socket);

  /// Bytes read; 0 when the peer closed, nothing came in time, or the connection is gone.
  Task<std::size_t> read_some(std::span<char> into);
  /// False when the peer is gone or does not read.
  Task<bool> write(std::string_view bytes);
  /// Waits, and notices at once when the peer leaves: false then.
  Task<bool> pause(Duration duration);
  /// Waits until the peer leaves, an hour at most.
  Task<void> wait_for_peer_to_leave();
  void close();

 private:
  void arm(Duration limit);   // cancels what the socket is doing once `limit` has passed
  void disarm();
  bool peer_left();

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::uint64_t armed_ = 0;   // a timer that fires late sees that another wait began
};

}  // namespace siltgate::demo
