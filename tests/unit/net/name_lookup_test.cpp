// SPDX-License-Identifier: Apache-2.0
// A name server that does not answer holds up those who wait for it, for as long as they like, and nobody else.
#include "net/name_lookup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "net/dial.hpp"
#include "support/catch.hpp"

using namespace siltgate;

namespace {

/// Answers "slow.test" when it is let go, everything else at once.
struct NameServer {
  std::mutex mutex;
  std::condition_variable changed;
  bool answers = false;
  int asked = 0;

  net::Addresses ask(const std::string& host) {
    std::unique_lock lock(mutex);
    ++asked;
    changed.notify_all();
    if (host == "slow.test") changed.wait(lock, [this] { return answers; });
    if (host == "none.test") return {{}, asio::error::host_not_found};
    return {{"127.0.0.1"}, {}};
  }
  /// The threads begin when they like.
  bool was_asked(int times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), [&] { return asked >= times; }) && asked == times;
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    answers = true;
    changed.notify_all();
  }
};

Task<void> keep(Task<Result<net::Connection>> task, std::optional<Result<net::Connection>>& out) {
  auto done = co_await std::move(task);
  out.emplace(std::move(done));
}

struct World {
  std::shared_ptr<NameServer> names = std::make_shared<NameServer>();   // threads may outlive the rest
  asio::io_context io;

  World() {
    asio::use_service<net::NameLookup>(io).ask = [names = names](const std::string& host) { return names->ask(host); };
  }
  ~World() { names->let_go(); }

  void dial(const std::string& host, Duration timeout, net::Watch& watch, std::optional<Result<net::Connection>>& out) {
    net::Destination to;
    to.upstream = *parse_url("http://" + host + ":1/v1");
    asio::co_spawn(io, keep(net::dial(io.get_executor(), to, timeout, watch), out), asio::detached);
  }
};

}  // namespace

TEST_CASE("a name that is not answered holds up nobody who asks for another one, or leaves", "[net]") {
  World world;
  net::Watch late(world.io.get_executor()), left(world.io.get_executor()), other(world.io.get_executor()), wrong(world.io.get_executor());
  std::optional<Result<net::Connection>> late_result, left_result, other_result, wrong_result;
  world.dial("slow.test", std::chrono::milliseconds(20), late, late_result);
  world.dial("slow.test", std::chrono::hours(1), left, left_result);
  world.dial("quick.test", std::chrono::hours(1), other, other_result);
  world.dial("none.test", std::chrono::hours(1), wrong, wrong_result);
  while (!late_result || !other_result || !wrong_result) REQUIRE(world.io.run_one() > 0);
  CHECK(late_result->error().cause == Cause::connect_timeout);
  CHECK(late_result->error().detail == "resolving slow.test took longer than 20 ms");
  CHECK(other_result->error().cause == Cause::connect_failed);   // nobody listens on that port
  CHECK(wrong_result->error().cause == Cause::resolve_failed);
  CHECK_FALSE(left_result);
  left.raise(net::Wake::client_left);
  while (!left_result) REQUIRE(world.io.run_one() > 0);
  CHECK(left_result->error().cause == Cause::client_left);
  CHECK(world.names->was_asked(3));   // those who ask for the same name share the question
}

TEST_CASE("an answer that comes late is used by those who still wait", "[net]") {
  World world;
  net::Watch gone(world.io.get_executor()), waits(world.io.get_executor());
  std::optional<Result<net::Connection>> gone_result, result;
  world.dial("slow.test", std::chrono::milliseconds(1), gone, gone_result);
  world.dial("slow.test", std::chrono::hours(1), waits, result);
  while (!gone_result) REQUIRE(world.io.run_one() > 0);
  world.names->let_go();
  while (!result) REQUIRE(world.io.run_one() > 0);
  CHECK(result->error().cause == Cause::connect_failed);
  CHECK(world.names->was_asked(1));
}

TEST_CASE("an answer that comes when nobody is there any more does no harm", "[net]") {
  auto names = std::make_shared<NameServer>();
  {
    World world;
    names = world.names;
    net::Watch watch(world.io.get_executor());
    std::optional<Result<net::Connection>> result;
    world.dial("slow.test", std::chrono::milliseconds(1), watch, result);
    while (!result) REQUIRE(world.io.run_one() > 0);
    CHECK(names->was_asked(1));
  }
  names->let_go();
}
