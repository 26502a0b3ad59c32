// SPDX-License-Identifier: Apache-2.0
// Connection::read_each() over a pair of sockets, one thread, no sleeping: what is written is there when the loop is polled.
#include "net/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "net/dial.hpp"
#include "support/catch.hpp"

using namespace siltgate;

namespace {

struct Sink final : net::ReadSink {
  explicit Sink(std::span<const char> shared) : buffer(shared) {}
  bool take(std::size_t bytes) override {
    seen.append(buffer.data(), bytes);
    ++reads;
    return on_take();
  }
  bool closed() override { return close_is_end; }

  std::span<const char> buffer;
  std::string seen;
  int reads = 0;
  bool close_is_end = false;
  std::function<bool()> on_take = [] { return true; };
};

/// What connections have in common.
struct Loop {
  asio::io_context io;
  std::array<char, 8> buffer{};
};

/// A connection whose far side is in the hands of the test.
struct World {
  explicit World(std::shared_ptr<Loop> in = std::make_shared<Loop>()) : loop(std::move(in)) {
    std::array<int, 2> pair{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0);
    far = pair[1];
    net::Socket socket(io);
    socket.assign(asio::generic::stream_protocol(AF_UNIX, 0), pair[0]);
    connection = std::make_unique<net::Connection>(std::move(socket), net::Side::upstream);
  }
  ~World() { leave(); }

  void start(bool wait_first = false) {
    asio::co_spawn(io, connection->read_each(buffer, watch, Phase::relay_body, sink, wait_first), [this](std::exception_ptr bug, Result<void> done) {
      thrown = bug;
      result = std::move(done);
      ended = true;
    });
  }
  void begin(bool wait_first = false) {
    start(wait_first);
    poll();
  }
  /// How often the event loop turned.
  std::size_t poll() {
    io.restart();
    return io.poll();
  }
  void write(std::string_view text) const { REQUIRE(::write(far, text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
  std::size_t say(std::string_view text) {
    write(text);
    return poll();
  }
  void leave() {
    if (far >= 0) ::close(std::exchange(far, -1));
    poll();
  }

  std::shared_ptr<Loop> loop;
  asio::io_context& io = loop->io;
  std::span<char> buffer = loop->buffer;
  int far = -1;
  std::unique_ptr<net::Connection> connection;
  net::Watch watch{io.get_executor()};
  Sink sink{buffer};
  bool ended = false;
  std::exception_ptr thrown;
  Result<void> result;
};

}  // namespace

TEST_CASE("each read goes to the sink until it has enough", "[net]") {
  World world;
  world.begin();
  world.say("one");
  CHECK(world.sink.seen == "one");
  world.say("two three four");   // more than the buffer takes
  CHECK(world.sink.seen == "onetwo three four");
  CHECK(world.sink.reads == 3);
  CHECK_FALSE(world.ended);
  world.sink.on_take = [] { return false; };
  world.say("five");
  CHECK(world.ended);
  CHECK(world.result.has_value());
}

TEST_CASE("streams share one buffer", "[net]") {
  for (const bool early : {false, true}) {   // are bytes there when the wait begins?
    World one, other(one.loop);
    for (int round = 0; round < 3; ++round) {
      if (round == 0 && !early) one.start(), other.start(), one.poll();
      one.write("one");
      other.write("other");
      if (round == 0 && early) one.start(true), other.start(true);
      one.poll();
    }
    CHECK(one.sink.seen == "oneoneone");
    CHECK(other.sink.seen == "otherotherother");
  }
}

TEST_CASE("bytes that are there when the wait begins are passed on whole", "[net]") {
  for (const std::string text : {"x", "seven b", "eight by", "more than the buffer takes"}) {
    World world;
    world.write(text);
    world.begin(true);
    CHECK(world.sink.seen == text);
    world.say("+");
    CHECK(world.sink.seen == text + "+");
    CHECK_FALSE(world.ended);
  }
}

TEST_CASE("an end that is there when the wait begins comes behind its bytes", "[net]") {
  for (const std::string text : {"", "x", "seven b", "eight by", "more than the buffer takes"}) {
    for (const bool reset : {false, true}) {
      World world;
      if (reset) REQUIRE(::write(world.connection->socket().native_handle(), "unread", 6) == 6);
      world.write(text);
      ::close(std::exchange(world.far, -1));
      world.begin(true);
      CHECK(world.sink.seen == text);
      REQUIRE(world.ended);
      CHECK(world.result.error().cause == (reset ? Cause::upstream_reset : Cause::upstream_closed));
    }
  }
}

TEST_CASE("a sink may take the connection away with its last read", "[net]") {
  World world;
  world.sink.on_take = [&] {
    world.connection.reset();
    return false;
  };
  world.begin();
  world.say("all");
  CHECK(world.ended);
  CHECK(world.result.has_value());
}

TEST_CASE("the end of the peer is an end or a failure, as the sink says", "[net]") {
  for (const bool end : {true, false}) {
    World world;
    world.sink.close_is_end = end;
    world.begin();
    world.say("x");
    world.leave();
    CHECK(world.ended);
    CHECK(world.result.has_value() == end);
    if (!end) CHECK(world.result.error().cause == Cause::upstream_closed);
  }
}

TEST_CASE("what a sink throws reaches who waits, not the event loop", "[net]") {
  World world;
  world.sink.on_take = []() -> bool { throw std::runtime_error("a bug in a check"); };
  world.begin();
  CHECK_NOTHROW(world.say("x"));
  CHECK(world.ended);
  CHECK_THROWS_WITH(std::rethrow_exception(world.thrown), "a bug in a check");
}

TEST_CASE("a watch ends the reading, between reads and during one", "[net]") {
  World waiting;
  waiting.begin();
  waiting.say("x");
  waiting.watch.raise(net::Wake::cancelled);
  waiting.poll();
  REQUIRE(waiting.ended);
  CHECK(waiting.result.error().cause == Cause::cancelled);

  World reading;
  reading.sink.on_take = [&] {
    reading.watch.raise(net::Wake::stopped);
    return true;
  };
  reading.begin();
  reading.say("x");
  REQUIRE(reading.ended);
  CHECK(reading.result.error().cause == Cause::draining);
}

namespace {

Task<Result<void>> dial_to(World& world, std::uint16_t port) {
  net::Destination destination;
  destination.upstream.host = "127.0.0.1";
  destination.upstream.port = port;
  auto made = co_await net::dial(world.io.get_executor(), destination, std::chrono::seconds(5), world.watch);
  if (!made) co_return made.error();
  *world.connection = std::move(*made);
  co_return Result<void>{};
}

/// The connection is a new one, dialled over TCP.
void dial_anew(World& world) {
  asio::ip::tcp::acceptor acceptor(world.io, {asio::ip::address_v4::loopback(), 0});
  std::optional<Result<void>> dialled;
  asio::co_spawn(world.io, dial_to(world, acceptor.local_endpoint().port()), [&](std::exception_ptr, Result<void> done) { dialled = std::move(done); });
  world.poll();
  ::close(std::exchange(world.far, acceptor.accept().release()));
  while (!dialled) world.poll();
  REQUIRE(dialled->has_value());
}

/// Writes until there is no room, and on once the far side has read.
void fill_and_drain(World& world) {
  const std::string much(4 << 20, 'x');
  bool written = false;
  asio::co_spawn(world.io, world.connection->write_all(much, world.watch, Phase::send_request),
                 [&](std::exception_ptr, Result<void> done) { written = done.has_value(); });
  world.poll();
  REQUIRE_FALSE(written);
  std::vector<char> taken(much.size());
  for (std::size_t size = 0; size < much.size(); world.poll()) {
    const ssize_t n = ::read(world.far, taken.data(), taken.size());
    REQUIRE(n > 0);
    size += static_cast<std::size_t>(n);
  }
  REQUIRE(written);
}

}  // namespace

TEST_CASE("an event takes one turn of the event loop, also where the connection was once watched for room to write", "[net]") {
  const std::function<void(World&)> pasts[] = {[](World&) {}, dial_anew, fill_and_drain};
  for (const auto& past : pasts) {
    World world;
    past(world);
    world.begin();
    world.say("first");   // what the past left over has been reported by now
    CHECK(world.say("next") == 1);
    CHECK(world.sink.seen == "firstnext");
  }
}
