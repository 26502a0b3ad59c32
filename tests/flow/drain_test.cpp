// SPDX-License-Identifier: Apache-2.0
// Stopping while exchanges run.
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* new_opencode = "User-Agent: opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14\r\n";

bool accepts(std::uint16_t port) {
  try {
    TestClient client(port);
    client.get("/-/healthz");
    return client.read_reply().status != 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

/// stop() is on its way to siltgate's thread: returns when new connections are refused.
bool wait_until_refusing(std::uint16_t port) {
  for (auto deadline = soon(); accepts(port);)
    if (std::chrono::steady_clock::now() > deadline) return false;
  return true;
}

constexpr const char* cap_one_drain_200 = R"({"drain": "200ms", "providers": {"up": {"limits": {"concurrency": 1}}}})";

}  // namespace

TEST_CASE("a stop with nothing to do ends at once with 0", "[drain]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).clean());
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
}

TEST_CASE("a stop during a stream lets it finish, refuses new connections and ends with 0", "[drain]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat(chat_request(), new_opencode);
  client.read_until("one");
  siltgate.stop();
  CHECK(wait_until_refusing(siltgate.port()));
  gate.open();
  auto reply = client.read_reply();
  CHECK(reply.clean());
  CHECK(reply.body == chat_event("one") + chat_finish());
  CHECK(client.read_end() == End::fin);
  client.leave();
  CHECK(siltgate.exit_code() == 0);
}

TEST_CASE("a resting keep-alive connection does not hold up a stop", "[drain]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat(chat_request(), new_opencode);
  CHECK(client.read_reply().clean());
  siltgate.stop();
  CHECK(client.read_end() == End::fin);
  client.leave();
  CHECK(siltgate.exit_code() == 0);
}

TEST_CASE("a follower of the exchanges does not hold up a stop", "[drain]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, R"({"drain": "1s"})");
  TestClient follower(siltgate.port());
  follower.get("/-/api/events");
  follower.read_until(": siltgate");
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
}

TEST_CASE("when drain runs out, streams are cut, the waiting get 503, and the exit code is 75", "[drain]") {
  Gate never;
  ScriptedUpstream upstream(held_by(never));
  RunningSiltgate siltgate(upstream, cap_one_drain_200);
  TestClient streaming(siltgate.port()), waiting(siltgate.port());
  streaming.post_chat(chat_request(), new_opencode);
  streaming.read_until("one");
  waiting.post_chat();
  CHECK(siltgate.wait_for_waiting(1));
  siltgate.stop();
  auto refused = waiting.read_reply();
  CHECK(refused.status == 503);
  CHECK(nlohmann::json::parse(refused.body)["error"]["code"] == "draining");
  auto cut = streaming.read_reply();
  CHECK_FALSE(cut.clean());
  CHECK(cut.body.find(chat_event("one") + "data: {\"error\"") == 0);
  CHECK(siltgate.exit_code() == 75);
  CHECK(upstream.wait_until_idle());
  CHECK(upstream.requests() == 1);
}

TEST_CASE("a second stop cuts at once", "[drain]") {
  Gate never;
  ScriptedUpstream upstream(held_by(never));
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until("one");
  siltgate.stop();
  siltgate.stop();
  CHECK_FALSE(client.read_reply().clean());
  CHECK(siltgate.exit_code() == 75);
}

TEST_CASE("a request on a kept connection after the stop is refused or cut off, never forwarded", "[drain]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat(chat_request("first"), new_opencode);
  client.read_until("one");
  client.post_chat(chat_request("pipelined"), new_opencode);
  siltgate.stop();
  CHECK(wait_until_refusing(siltgate.port()));
  gate.open();
  CHECK(client.read_reply().clean());
  CHECK(client.read_end() != End::open);
  client.leave();
  CHECK(siltgate.exit_code() == 0);
  CHECK(upstream.requests() == 1);
}

TEST_CASE("no attempt is made again while draining", "[drain][retry]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.wait(gate)) exchange.answer(429, refusal_1302, "application/json", "retry-after-ms: 1\r\n");
  });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(upstream.wait_for_requests(1));
  siltgate.stop();
  CHECK(wait_until_refusing(siltgate.port()));
  gate.open();
  CHECK(client.read_reply().status == 429);
  client.leave();
  CHECK(siltgate.exit_code() == 0);
  CHECK(upstream.requests() == 1);
}
