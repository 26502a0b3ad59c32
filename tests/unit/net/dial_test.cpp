// SPDX-License-Identifier: Apache-2.0
#include "net/dial.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <list>

#include "net/name_lookup.hpp"
#include "support/catch.hpp"

using namespace siltgate;

namespace {

/// Listens on 127.0.0.LAST and accepts nothing.
class Listener {
 public:
  Listener(unsigned last, std::uint16_t port, int backlog) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(0x7f000000U + last);
    at.sin_port = htons(port);
    socklen_t size = sizeof at;
    bool there = ::bind(socket_, reinterpret_cast<sockaddr*>(&at), size) == 0 && ::listen(socket_, backlog) == 0 &&
                 ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    if (!there) throw std::runtime_error("cannot listen");
    port_ = ntohs(at.sin_port);
    address_ = at;
  }
  ~Listener() {
    ::close(socket_);
    for (int fd : callers_) ::close(fd);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  /// From now on who calls gets no answer: the queue of those who wait to be accepted is full.
  void fill() {
    for (int i = 0; i < 8; ++i) {
      callers_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
      ::fcntl(callers_.back(), F_SETFL, O_NONBLOCK);
      ::connect(callers_.back(), reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    }
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
  sockaddr_in address_{};
  std::list<int> callers_;
};

/// Whom it reached.
Result<std::string> dial_name(std::vector<std::string> literals, std::uint16_t port, Duration timeout) {
  asio::io_context io(1);
  asio::use_service<net::NameLookup>(io).ask = [literals](const std::string&) { return net::Addresses{literals, {}}; };
  net::Watch watch(io.get_executor());
  net::Destination to;
  to.upstream.scheme = "http";
  to.upstream.host = "provider.test";
  to.upstream.port = port;
  std::optional<Result<std::string>> out;
  asio::co_spawn(io, [&]() -> Task<void> {
    asio::any_io_executor executor = io.get_executor();
    auto dialled = co_await net::dial(executor, std::move(to), timeout, watch);
    if (dialled) out.emplace(dialled->peer());
    else out.emplace(dialled.error());
    io.stop();
  }, asio::detached);
  io.run();
  return std::move(*out);
}

}  // namespace

TEST_CASE("an address that does not answer costs a moment, not its share of the time", "[net]") {
  Listener alive(1, 0, 8), dead(2, alive.port(), 0);
  dead.fill();
  const auto began = Clock::now();
  auto reached = dial_name({"127.0.0.2", "127.0.0.1"}, alive.port(), std::chrono::seconds(60));
  REQUIRE(reached);
  CHECK(*reached == "127.0.0.1:" + std::to_string(alive.port()));
  CHECK(Clock::now() - began < std::chrono::seconds(15));
}

TEST_CASE("an address that refuses gives way at once, and when all do the last one says why", "[net]") {
  Listener alive(1, 0, 8);
  auto reached = dial_name({"127.0.0.3", "127.0.0.1"}, alive.port(), std::chrono::seconds(60));
  CHECK(reached.has_value());
  const auto refused = dial_name({"127.0.0.3", "127.0.0.4"}, alive.port(), std::chrono::seconds(60));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().cause == Cause::connect_failed);
  CHECK(refused.error().detail.find("Connection refused") != std::string::npos);
  CHECK(refused.error().detail.find("provider.test") != std::string::npos);
}

TEST_CASE("when no address answers the whole time is the bound", "[net]") {
  Listener dead(2, 0, 0);
  dead.fill();
  const auto began = Clock::now();
  const auto missed = dial_name({"127.0.0.2"}, dead.port(), std::chrono::milliseconds(600));
  REQUIRE_FALSE(missed);
  CHECK(missed.error().cause == Cause::connect_timeout);
  CHECK(Clock::now() - began >= std::chrono::milliseconds(600));
}
