// SPDX-License-Identifier: Apache-2.0
// What can happen to an instance and its way to Redis, one thing at a time; the provider counts who is in flight.
#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include "shared/instances.hpp"
#include "support/catch.hpp"
#include "support/dropping_proxy.hpp"
#include "support/siltgate_process.hpp"

using namespace siltgate::test;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

nlohmann::json process_settings(const ScriptedUpstream& upstream, const std::string& redis, const std::string& lease,
                                const std::string& when_down = "refuse") {
  nlohmann::json provider{{"base_url", upstream.url()}, {"limits", {{"concurrency", 1}}}};
  return {{"providers", {{"up", provider}}}, {"shared", {{"redis", redis}, {"lease", lease}, {"when_down", when_down}}},
          {"capture", {{"mode", "off"}}}};
}

/// When the lease of an instance ends, as Redis has it; its clock is this machine's.
std::chrono::system_clock::time_point lease_end(const RunningRedis& redis, const std::string& instance) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(std::stoll(told(redis, "ZSCORE siltgate:alive " + instance))));
}

/// How long after the death of an instance, which has a lease of 3 s, another one uses its permit.
steady_clock::duration taken_over_after_kill() {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  SiltgateProcess victim(process_settings(upstream, redis.url(), "3s"));
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "3s"));
  wait_for_mode(other, "shared");
  TestClient runs(victim.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  const auto killed = steady_clock::now();
  victim.process().kill();
  const auto its_end = lease_end(redis, told(redis, "KEYS siltgate:of:*").substr(std::string("siltgate:of:").size()));  // it alone holds a permit
  CHECK(upstream.wait_for_requests(2));
  const auto taken = steady_clock::now() - killed;
  CHECK(std::chrono::system_clock::now() >= its_end);  // not freed by chance
  CHECK(waits.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
  return taken;
}

}  // namespace

TEST_CASE("an instance killed in mid-stream frees its permit within the lease and a second", "[faults]") {
  CHECK(taken_over_after_kill() <= 4s);
}

TEST_CASE("how long a killed instance keeps its permit", "[.measure]") {
  for (int i = 0; i < 5; ++i)
    WARN(std::chrono::duration_cast<std::chrono::milliseconds>(taken_over_after_kill()).count() << " ms with a lease of 3 s");
}

TEST_CASE("an instance that ends properly frees its permits at once", "[faults]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "60s"));
  wait_for_mode(other, "shared");
  TestClient waits(other.port());
  {
    RunningSiltgate leaves(upstream, sharing(redis.url(), 1, "60s"));
    wait_for_mode(leaves, "shared");
    TestClient runs(leaves.port());
    runs.post_chat(chat_request(), credential);
    runs.read_until("one");
    waits.post_chat(chat_request(), credential);
    CHECK(other.wait_for_waiting(1));
  }
  CHECK(waits.read_reply().clean());
}

TEST_CASE("an instance that stood still past its lease ends what it ran and sends nothing on the lost permit", "[faults]") {
  for (const char* when_down : {"local", "refuse"}) {
    RunningRedis redis;
    Gate gate, cut;
    ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                                 exchange.start_stream();
                                 exchange.chunk(chat_event("one"));
                                 if (exchange.stall(steady_clock::now() + 20s)) cut.open();
                               },
                               held_by(gate)});
    SiltgateProcess paused(process_settings(upstream, redis.url(), "2s", when_down));
    RunningSiltgate other(upstream, sharing(redis.url(), 1, "2s"));
    wait_for_mode(other, "shared");
    TestClient runs(paused.port()), queues(paused.port()), waits(other.port());
    runs.post_chat(chat_request(), credential);
    runs.read_until("one");
    waits.post_chat(chat_request(), credential);
    CHECK(other.wait_for_waiting(1));
    queues.post_chat(chat_request(), credential);
    paused.process().pause();
    CHECK(upstream.wait_for_requests(2));  // the other one's turn, after the lease
    waits.read_until("one");
    paused.process().resume();
    CHECK(cut.wait());
    const Reply reply = runs.read_reply();
    CHECK_FALSE(reply.clean());
    CHECK(reply.body.find("lease_lost") != std::string::npos);
    CHECK(upstream.requests() == 2);  // what queued behind it is still waiting: the permit is the other's
    CHECK(upstream.in_flight() == 1);
    gate.open();
    CHECK(waits.read_reply().clean());
    CHECK(queues.read_reply().clean());
    CHECK(upstream.requests() == 3);
  }
}

// A sanitizer's runtime wants to be loaded first, and so does the library that moves the clock.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("machines whose clocks are an hour apart keep one cap, and lose nothing", "[faults]") {
  std::string library;
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib"))
    if (std::filesystem::exists(folder.path() / "faketime/libfaketime.so.1")) library = folder.path() / "faketime/libfaketime.so.1";
  REQUIRE_FALSE(library.empty());   // package faketime
  RunningRedis redis;
  ScriptedUpstream upstream(brief());
  std::vector<std::unique_ptr<SiltgateProcess>> instances;
  for (const char* skew : {"-1h", "+0", "+1h"})
    instances.push_back(std::make_unique<SiltgateProcess>(
        process_settings(upstream, redis.url(), "2s"),
        std::vector<std::string>{"LD_PRELOAD=" + library, std::string("FAKETIME=") + skew, "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"}));
  const auto until = steady_clock::now() + 3s;   // longer than a lease
  std::atomic<int> sound = 0, asked = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 9; ++i)
    clients.emplace_back([&, port = instances[static_cast<std::size_t>(i) % 3]->port()] {
      while (steady_clock::now() < until) {
        ++asked;
        sound += TestClient::ask(port, chat_request(), credential).clean();
      }
    });
  for (auto& client : clients) client.join();
  CHECK(asked > 9);
  CHECK(sound == asked);
  CHECK(upstream.max_in_flight() == 1);
  CHECK(upstream.refused() == 0);
}
#endif

TEST_CASE("a cut network: the instance behind it ends what it runs before another takes the permit, and comes back", "[faults]") {
  RunningRedis redis;
  DroppingProxy proxy(redis.port());
  Gate gate, cut;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               if (exchange.stall(steady_clock::now() + 20s)) cut.open();
                             },
                             held_by(gate), brief()});
  RunningSiltgate behind(upstream, sharing(fmt::format("redis://127.0.0.1:{}", proxy.port()), 1, "2s", "refuse"));
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "2s", "refuse"));
  for (auto* instance : {&behind, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(behind.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  proxy.cut();
  CHECK(cut.wait());
  CHECK(upstream.wait_for_requests(2));
  CHECK(runs.read_reply().body.find("lease_lost") != std::string::npos);
  CHECK(upstream.max_in_flight() == 1);
  proxy.heal();
  wait_for_mode(behind, "shared");
  TestClient again(behind.port());
  again.post_chat(chat_request(), credential);
  CHECK(behind.wait_for_waiting(1));
  gate.open();
  CHECK(waits.read_reply().clean());
  CHECK(again.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("a cut network under local: the instance behind it keeps what it runs and its part, on top of the cap of the others", "[faults]") {
  RunningRedis redis;
  DroppingProxy proxy(redis.port());
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), held_by(gate), brief()});
  RunningSiltgate behind(upstream, sharing(fmt::format("redis://127.0.0.1:{}", proxy.port()), 1, "2s", "local"));
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "2s", "local"));
  for (auto* instance : {&behind, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(behind.port()), waits(other.port()), later(behind.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  proxy.cut();
  wait_for_mode(behind, "local");
  later.post_chat(chat_request(), credential);
  CHECK(upstream.wait_for_requests(2));
  waits.read_until("one");  // the permit is the other's after the lease
  CHECK(behind.wait_for_waiting(1));
  CHECK(upstream.max_in_flight() == 2);
  proxy.heal();
  wait_for_mode(behind, "shared");
  gate.open();
  for (TestClient* client : {&runs, &waits, &later}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 2);
}
