// SPDX-License-Identifier: Apache-2.0
#include "net/listen_probe.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/port_owner.hpp"
#include "support/catch.hpp"

using namespace siltgate::net;

namespace {

/// A listener on a free port of 127.0.0.1.
struct Held {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  std::uint16_t port = 0;

  Held() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd, 1) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { ::close(fd); }
};

}  // namespace

TEST_CASE("a held port is told with its holder, a free one is free", "[net]") {
  std::uint16_t port = 0;
  {
    const Held held;
    port = held.port;
    const ListenProbe probe = probe_listen("127.0.0.1", port);
    CHECK(probe.state == ListenProbe::State::held);
    CHECK(probe.detail.find("(pid " + std::to_string(::getpid()) + ")") != std::string::npos);
  }
  CHECK(probe_listen("127.0.0.1", port).state == ListenProbe::State::free);
  CHECK(port_owner(port).empty());
}

TEST_CASE("an address of another machine cannot be listened on", "[net]") {
  CHECK(probe_listen("192.0.2.1", 0).state == ListenProbe::State::no_such_address);
  CHECK(probe_listen("not an address", 1).state == ListenProbe::State::failed);
}
