// SPDX-License-Identifier: Apache-2.0
// The repeat guard: an agent that asks the same again and again is slowed down, nobody else is.
#include <future>

#include "support/catch.hpp"
#include "support/chat_bytes.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* twice = R"({"limits": {"repeat": {"max": 2, "window": "60s"}}})";

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

}  // namespace

TEST_CASE("the third time the same body comes it is held and said so", "[repeat]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, twice);
  for (int i = 0; i < 3; ++i) CHECK(TestClient::ask(siltgate.port()).clean());
  auto records = siltgate.exchanges();
  REQUIRE(records.size() == 3);
  CHECK(records[0]["repeated"] == 3);
  CHECK(records[0]["times_ms"]["queued"].get<double>() >= 1000);
  CHECK(records[1]["repeated"] == 0);
}

TEST_CASE("other bodies are not held", "[repeat]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, twice);
  for (const char* text : {"a", "b", "c", "d"}) CHECK(TestClient::ask(siltgate.port(), chat_request(text)).clean());
  for (const auto& record : siltgate.exchanges()) CHECK(record["repeated"] == 0);
}

TEST_CASE("copies sent side by side are load and not a loop", "[repeat]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    if (!exchange.wait(gate)) return;
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, twice);
  std::vector<std::future<Reply>> replies;
  for (int i = 0; i < 6; ++i)
    replies.push_back(std::async(std::launch::async, [&] { return TestClient::ask(siltgate.port()); }));
  CHECK(upstream.wait_for_requests(6));
  gate.open();
  for (auto& reply : replies) CHECK(reply.get().clean());
  for (const auto& record : siltgate.exchanges()) CHECK(record["repeated"] == 0);
}
