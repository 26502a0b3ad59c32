// SPDX-License-Identifier: Apache-2.0
// The embedded provider behind `--upstream demo:`: a loopback listener that answers as Z.AI does, with a concurrency
// limit and with faults on request. Knows nothing of siltgate's own proxying; siltgate reaches it over a socket like
// any other provider.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "base/clock.hpp"

namespace siltgate::demo {

struct Options {
  int concurrency = 1;                          // requests in flight, counted to the end of the body
  Duration pace = std::chrono::milliseconds(30);  // before each event; 0 = at once
  std::uint16_t port = 0;                       // 0 = any free port
};

struct Counters {
  int in_flight = 0;
  int max_in_flight = 0;
  std::uint64_t served = 0;    // admitted requests, whatever became of them
  std::uint64_t refused = 0;   // answered 1302
};

/// One thread runs the executor. Sessions outlive the object only until stop() has closed their sockets.
class Demo {
 public:
  explicit Demo(boost::asio::any_io_executor executor, Options options = {});
  ~Demo();   // stops
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  /// Binds 127.0.0.1 and starts accepting. Throws boost::system::system_error.
  void listen();
  std::uint16_t port() const;
  /// Closes the listener and every connection. May be called twice.
  void stop();

  const Counters& counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace siltgate::demo
