// SPDX-License-Identifier: Apache-2.0
// One TLS connection over a socket pair, driven call by call; what the server says is written by hand.
#include "net/tls.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "support/catch.hpp"
#include "support/certificates.hpp"

using namespace siltgate::net;
using namespace siltgate::test;

namespace {

/// Speaks TLS into memory; what it says is sent when the test says so.
class Server {
 public:
  Server(SSL_CTX* context, int descriptor) : ssl_(SSL_new(context)), descriptor_(descriptor) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_);
  }
  ~Server() { SSL_free(ssl_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void hear() {
    std::array<char, 16384> bytes{};
    for (ssize_t n; (n = ::recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;) BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(n));
    SSL_do_handshake(ssl_);
  }
  void say(std::string_view text) { SSL_write(ssl_, text.data(), static_cast<int>(text.size())); }
  void change_keys() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl_);
  }
  /// Everything said so far, in one go.
  std::size_t send() {
    char* said = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &said);
    const bool sent = ::send(descriptor_, said, static_cast<std::size_t>(size), 0) == size;
    REQUIRE(sent);
    BIO_reset(SSL_get_wbio(ssl_));
    return static_cast<std::size_t>(size);
  }

 private:
  SSL* ssl_;
  int descriptor_;
};

struct Pair {
  Authority authority;
  OpenSsl<SSL_CTX> context = authority.server("localhost");
  std::array<int, 2> ends{};
  std::unique_ptr<Server> server;
  std::unique_ptr<TlsStream> client;
  std::array<char, 4096> into{};

  Pair() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const int room = 1 << 20;
    ::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    server = std::make_unique<Server>(context.get(), ends[1]);
    client = std::make_unique<TlsStream>(*TlsContext::make({authority.ca_file(), "1.3"}), ends[0], "localhost");
    for (int i = 0; i < 4 && client->handshake().status != Io::Status::ok; ++i) {
      server->hear();
      server->send();
    }
    server->hear();
    server->send();
    REQUIRE(client->summary().version == "TLSv1.3");
  }
  ~Pair() {
    client.reset();
    for (int end : ends) ::close(end);
  }
  Io read() { return client->read(into); }
};

}  // namespace

TEST_CASE("messages of TLS itself take a bounded part of a turn", "[net]") {
  Pair pair;
  for (int i = 0; i < 3000; ++i) pair.server->change_keys();
  pair.server->say("Hi");
  const std::size_t said = pair.server->send();
  REQUIRE(said > 80'000);
  int turns = 0;
  Io io;
  while ((io = pair.read()).status == Io::Status::wants_read && turns < 100) ++turns;
  CHECK(turns >= 1);      // others are served meanwhile
  CHECK(turns < 100);
  CHECK(io.status == Io::Status::ok);
  CHECK(std::string(pair.into.data(), io.bytes) == "Hi");
}

TEST_CASE("new keys between two records change nothing", "[net]") {
  Pair pair;
  pair.server->say("one ");
  pair.server->change_keys();
  pair.server->say("two");
  pair.server->send();
  const Io io = pair.read();
  REQUIRE(io.status == Io::Status::ok);
  CHECK(std::string(pair.into.data(), io.bytes) == "one two");
  CHECK(pair.read().status == Io::Status::wants_read);
}
