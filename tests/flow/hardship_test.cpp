// SPDX-License-Identifier: Apache-2.0
// Clients and providers that misbehave all at once: permits return exactly once on every path, nothing waits for ever.
#include <fmt/format.h>

#include <random>

#include "flow/broken_streams.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

/// What the provider does with its nth request.
void act(UpstreamExchange& exchange, unsigned dice) {
  switch (dice % 8) {
    case 0: return exchange.close();
    case 1: return exchange.reset();
    case 2: return exchange.answer(429, refusal_1302, "application/json", "retry-after-ms: 1\r\n");
    case 3:
      exchange.start_stream();
      exchange.chunk(chat_event("one"));
      return exchange.reset();
    case 4:
      exchange.start_stream();
      exchange.chunk(chat_event("one") + damages()[dice / 8 % damages().size()].bytes);
      return exchange.end_stream();
    default: return exchange.chat({"Hello", " ", "world"});
  }
}

/// What a client does after its request: leaves at once, after the head, in mid-body, or stays to the end.
void live(TestClient& client, unsigned dice) {
  try {
    if (dice % 4 == 1) client.read_head();
    if (dice % 4 == 2) client.read_until("one");
    if (dice % 4 == 3) client.read_reply();
  } catch (const TooLate&) {
    FAIL("a client waited for ever");
  }
  dice & 16 ? client.leave() : client.abort();
}

}  // namespace

TEST_CASE("permits return exactly once, whatever clients and providers do", "[admit][hardship]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    act(exchange, static_cast<unsigned>(std::hash<std::string>{}(exchange.request().body + std::to_string(exchange.request().number))));
  });
  RunningSiltgate siltgate(upstream, R"({"limits": {"total": 2, "queue": {"max_waiting": 200}},
                                         "providers": {"up": {"retry": {"attempts": 3, "max_wait": "1s"}}}})");
  std::mt19937 random(5);
  std::list<TestClient> clients;
  for (int i = 0; i < 80; ++i) clients.emplace_back(siltgate.port()).post_chat(chat_request(std::to_string(i), fmt::format("m{}", i)));
  for (TestClient& client : clients) live(client, static_cast<unsigned>(random()));
  CHECK(siltgate.wait_for_waiting(0));
  CHECK(siltgate.wait_for_in_flight(0));
  CHECK(upstream.wait_until_idle());
  CHECK(upstream.max_in_flight() <= 2);
  CHECK(siltgate.wait_for_exchange(80)["id"].is_string());
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
}

TEST_CASE("after hardship both permits are there", "[admit][hardship]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.request().number <= 20) return exchange.request().number % 2 ? exchange.close() : exchange.reset();
    exchange.start_stream();
    exchange.chunk(chat_event("held"));
    if (exchange.wait(gate)) exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"limits": {"total": 2}, "providers": {"up": {"retry": {"attempts": 1}}}})");
  for (int i = 0; i < 20; ++i) CHECK(TestClient::ask(siltgate.port(), chat_request("Hi", fmt::format("m{}", i))).status == 502);
  TestClient first(siltgate.port()), second(siltgate.port()), third(siltgate.port());
  first.post_chat();
  second.post_chat();
  first.read_until("held");
  second.read_until("held");
  third.post_chat();
  CHECK(siltgate.wait_for_waiting(1));
  gate.open();
  for (TestClient* client : {&first, &second, &third}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 2);
}

TEST_CASE("a client that stops reading and leaves frees its permit", "[admit][hardship]") {
  for (bool politely : {true, false}) {
    Gate left;
    ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                                 exchange.start_stream();
                                 const std::string event = chat_event(std::string(60'000, 'x'));
                                 for (int i = 0; i < 2000 && !exchange.peer_left(); ++i) exchange.chunk(event);
                                 if (exchange.peer_left()) left.open();
                               },
                               [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
    RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
    TestClient stalled(siltgate.port()), waiting(siltgate.port());
    stalled.post_chat();
    stalled.read_head();
    waiting.post_chat();
    CHECK(siltgate.wait_for_waiting(1));
    politely ? stalled.leave() : stalled.abort();
    CHECK(left.wait());
    CHECK(waiting.read_reply().body == sse_chat({"Hi"}));
  }
}

TEST_CASE("one connection more than limits.connections waits until another ends", "[client][hardship]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, R"({"limits": {"connections": 2}})");
  TestClient first(siltgate.port()), second(siltgate.port()), third(siltgate.port());
  first.send("POST ");
  second.send("POST ");
  third.post_chat();
  CHECK_THROWS_AS(third.read_head(std::chrono::steady_clock::now() + std::chrono::milliseconds(150)), TooLate);
  first.leave();
  CHECK(third.read_reply().body == sse_chat({"Hi"}));
}

TEST_CASE("a client keeps its connection through refusals and errors of the provider", "[client]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) { exchange.answer(400, R"({"error":{"code":"1210","message":"no"}})"); },
                             [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(client.read_reply().status == 400);
  client.get("/favicon.ico");
  CHECK(client.read_reply().status == 404);
  client.post_chat();
  CHECK(client.read_reply().body == sse_chat({"Hi"}));
}

TEST_CASE("a reused client connection is never closed in the middle of a body but to fail it", "[client]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) { exchange.chat({"Hi"}); },
                             [](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(sse_chat({"whole"}));
                               exchange.reset();
                             }});
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(client.read_reply().clean());
  client.post_chat();
  CHECK(client.read_reply().body == sse_chat({"whole"}));  // the dialect's end was there: nothing is added
}
