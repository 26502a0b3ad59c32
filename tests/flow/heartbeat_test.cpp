// SPDX-License-Identifier: Apache-2.0
// Early headers: what keeps a client waiting, and how a wait that ends badly ends.
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* early = R"({"limits": {"queue": {"early_headers_after": "50ms", "heartbeat": "100ms"}},
                                  "providers": {"up": {"limits": {"concurrency": 1}, "timeouts": {"first_byte": "300ms"}}}})";
const std::string beat = ": siltgate\n";

/// `body` without the heartbeats in front; how many there were.
int take_beats(std::string& body, const std::string& one) {
  int count = 0;
  for (; body.compare(0, one.size(), one) == 0; ++count) body.erase(0, one.size());
  return count;
}

nlohmann::json error_event(const std::string& event) {
  if (event.compare(0, 6, "data: ") != 0) throw std::runtime_error("no event: " + event);
  return nlohmann::json::parse(event.substr(6)).at("error");
}

}  // namespace

TEST_CASE("a waiting stream gets its head and comments, then the answer", "[heartbeat]") {
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream, early);
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat();
  auto head = second.read_until(beat + beat);
  CHECK(head.status == 200);
  CHECK(head.field("Content-Type").find("text/event-stream") == 0);
  CHECK(head.field("siltgate-id") != "");
  gate.open();
  auto reply = second.read_reply();
  CHECK(reply.clean());
  CHECK(take_beats(reply.body, beat) >= 2);
  CHECK(reply.body == sse_chat({"Hi"}));
  auto record = siltgate.wait_for_exchange(2);
  for (const auto& each : siltgate.exchanges())
    if (each["id"] == head.field("siltgate-id")) record = each;   // the two may close their books in either order
  CHECK(record["inserted_bytes"] >= 2 * beat.size());
  CHECK(record["bytes_in"] == record["bytes_out"]);
  CHECK(record["verdict"]["blame"] == "intact");
}

TEST_CASE("a stream whose provider is slow to answer gets comments too", "[heartbeat]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.wait(gate)) exchange.chat({"Hi"});
  });
  RunningSiltgate siltgate(upstream, early);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until(beat);
  gate.open();
  auto reply = client.read_reply();
  CHECK(reply.clean());
  take_beats(reply.body, beat);
  CHECK(reply.body == sse_chat({"Hi"}));
}

TEST_CASE("a failure after heartbeats is an error event and no clean end", "[heartbeat][failing]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.stall(); });
  RunningSiltgate siltgate(upstream, early);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 200);
  CHECK_FALSE(reply.clean());
  CHECK(take_beats(reply.body, beat) >= 2);
  auto error = error_event(reply.body);
  CHECK(error["code"] == "upstream_silent");
  CHECK(error["type"] == "server_error");
}

TEST_CASE("a provider's refusal after heartbeats is told in the stream", "[heartbeat][failing]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.wait(gate)) exchange.answer(429, R"({"error":{"code":"1113","message":"Insufficient balance"}})");
  });
  RunningSiltgate siltgate(upstream, early);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until(beat);
  gate.open();
  auto reply = client.read_reply();
  CHECK_FALSE(reply.clean());
  take_beats(reply.body, beat);
  CHECK(error_event(reply.body)["message"].get<std::string>().find("Insufficient balance") != std::string::npos);
}

TEST_CASE("damage after heartbeats and before the first event is tried again", "[heartbeat][retry]") {
  Gate gate;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               if (!exchange.wait(gate)) return;
                               exchange.start_stream();
                               exchange.end_stream();
                             },
                             [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream, early);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until(beat);
  gate.open();
  auto reply = client.read_reply();
  CHECK(reply.clean());
  take_beats(reply.body, beat);
  CHECK(reply.body == sse_chat({"Hi"}));
}

TEST_CASE("an Anthropic client waits with pings", "[heartbeat]") {
  const std::string ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
  const auto events = message_events("Hi");
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (!exchange.wait(gate)) return;
    exchange.start_stream();
    for (const auto& event : events) exchange.chunk(event);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, early);
  TestClient client(siltgate.port());
  client.post("/v1/messages", chat_request());
  client.read_until(ping);
  gate.open();
  auto reply = client.read_reply();
  CHECK(reply.clean());
  CHECK(take_beats(reply.body, ping) >= 1);
  CHECK(reply.body == joined(events));
}

TEST_CASE("a request that is no stream gets no early head", "[heartbeat]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.stall(); });
  RunningSiltgate siltgate(upstream, early);
  auto reply = TestClient::ask(siltgate.port(), chat_request("Hi", "glm-4.6", false));
  CHECK(reply.status == 504);
  CHECK(reply.clean());
}

TEST_CASE("a client that leaves while it gets heartbeats leaves the queue", "[heartbeat][admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, early);
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat();
  second.read_until(beat);
  second.leave();
  CHECK(siltgate.wait_for_waiting(0));
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(upstream.requests() == 1);
}
