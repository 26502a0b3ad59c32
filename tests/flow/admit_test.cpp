// SPDX-License-Identifier: Apache-2.0
// Permits: no more in flight than the cap, counted where the provider counts; nobody lost, nobody waiting in vain.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

std::string cap(int count, const std::string& more = "") {
  return fmt::format(R"({{"providers": {{"up": {{"limits": {{"concurrency": {}}}}}}}{}}})", count, more);
}

std::string error_code(const Reply& reply) { return nlohmann::json::parse(reply.body).at("error").at("code"); }

}  // namespace

TEST_CASE("sixty clients at once never exceed the cap and all are served", "[admit]") {
  for (int limit : {1, 2}) {
    ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hello", " ", "world"}); });
    RunningSiltgate siltgate(upstream, cap(limit));
    std::list<TestClient> clients;
    for (int i = 0; i < 60; ++i) clients.emplace_back(siltgate.port()).post_chat();
    int sound = 0;
    for (auto& client : clients) {
      auto reply = client.read_reply();
      sound += reply.status == 200 && reply.clean() && reply.body == sse_chat({"Hello", " ", "world"});
    }
    INFO("cap " << limit);
    CHECK(sound == 60);
    CHECK(upstream.requests() == 60);
    CHECK(upstream.max_in_flight() <= limit);
    CHECK(upstream.connections() <= limit);  // reused
    CHECK(siltgate.state()["in_flight"] == 0);
  }
}

TEST_CASE("a provider's own limit counts all its keys together", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 5, "total": 2}}}})");
  std::list<TestClient> clients;
  for (const char* key : {"one", "two", "three"})
    clients.emplace_back(siltgate.port()).post_chat(chat_request(), fmt::format("Authorization: Bearer sk-{}\r\n", key));
  CHECK(siltgate.wait_for_waiting(1));
  CHECK(siltgate.wait_for_in_flight(2));
  CHECK(upstream.wait_for_requests(2));
  gate.open();
  for (auto& client : clients) CHECK(client.read_reply().clean());
  CHECK(upstream.max_in_flight() == 2);
}

TEST_CASE("a stream counts as in flight until its body has ended", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap(1));
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat();
  CHECK(siltgate.wait_for_waiting(1));
  CHECK(upstream.requests() == 1);
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(second.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("a permit returns at the end of the upstream body though the client has not read it", "[admit]") {
  const std::vector<std::string> pieces(40, healthy_text(1000));  // fits where the kernel keeps it for the client
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.chat(pieces); });
  RunningSiltgate siltgate(upstream, cap(1));
  TestClient slow(siltgate.port());
  slow.post_chat();
  slow.read_head();
  CHECK(TestClient::ask(siltgate.port()).body == sse_chat(pieces));
  CHECK(slow.read_reply().body == sse_chat(pieces));
}

TEST_CASE("a client that leaves the queue is forgotten and nothing is sent for it", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap(1));
  TestClient first(siltgate.port()), leaver(siltgate.port()), breaker(siltgate.port()), last(siltgate.port());
  first.post_chat();
  first.read_until("one");
  for (TestClient* client : {&leaver, &breaker, &last}) client->post_chat();
  CHECK(siltgate.wait_for_waiting(3));
  leaver.leave();
  CHECK(siltgate.wait_for_waiting(2));
  breaker.abort();
  CHECK(siltgate.wait_for_waiting(1));
  auto record = siltgate.wait_for_exchange(2);
  CHECK(record["failure"]["cause"] == "client_left");
  CHECK(record["verdict"]["blame"] == "client");
  CHECK(record["attempts"].empty());
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(last.read_reply().clean());
  CHECK(upstream.requests() == 2);
}

TEST_CASE("when the client leaves, the upstream connection is closed at once and the permit returns", "[admit]") {
  for (bool politely : {true, false}) {
    Gate left;
    ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                                 exchange.start_stream();
                                 exchange.chunk(chat_event("one"));
                                 if (exchange.stall()) left.open();
                               },
                               [](UpstreamExchange& exchange) { exchange.chat({"two"}); }});
    RunningSiltgate siltgate(upstream, cap(1));
    TestClient leaver(siltgate.port()), waiting(siltgate.port());
    leaver.post_chat();
    leaver.read_until("one");
    waiting.post_chat();
    CHECK(siltgate.wait_for_waiting(1));
    politely ? leaver.leave() : leaver.abort();
    CHECK(left.wait());
    CHECK(waiting.read_reply().body == sse_chat({"two"}));
    CHECK(siltgate.state()["in_flight"] == 0);
    auto records = siltgate.exchanges();
    REQUIRE(records.size() == 2);
    CHECK(records[1]["failure"]["cause"] == "client_left");
    CHECK(records[1]["closed_first"] == "client");
  }
}

TEST_CASE("when the client leaves before the response head, the upstream connection is closed at once", "[admit]") {
  Gate left;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.stall()) left.open();
  });
  RunningSiltgate siltgate(upstream, cap(1));
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(upstream.wait_for_requests(1));
  client.leave();
  CHECK(left.wait());
  CHECK(siltgate.wait_for_in_flight(0));
}

TEST_CASE("one request more than may wait is answered 503 with Retry-After", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap(1, R"(, "limits": {"queue": {"max_waiting": 1}})"));
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat();
  CHECK(siltgate.wait_for_waiting(1));
  auto third = TestClient::ask(siltgate.port());
  CHECK(third.status == 503);
  CHECK(third.clean());
  CHECK(error_code(third) == "queue_full");
  CHECK(third.field("Retry-After") != "");
  CHECK(third.field("Proxy-Status").find("siltgate") == 0);
  CHECK(siltgate.exchanges()[0]["verdict"]["blame"] == "siltgate");
  gate.open();
  CHECK(second.read_reply().clean());
}

TEST_CASE("a request that waited as long as it may is answered 503 with Retry-After", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap(1, R"(, "limits": {"queue": {"max_wait": "100ms"}})"));
  TestClient first(siltgate.port());
  first.post_chat();
  first.read_until("one");
  auto second = TestClient::ask(siltgate.port());
  CHECK(second.status == 503);
  CHECK(error_code(second) == "queue_timeout");
  CHECK(second.field("Retry-After") != "");
  CHECK(second.field("Server-Timing").find("queue;dur=1") == 0);  // a hundred and some milliseconds
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(TestClient::ask(siltgate.port()).clean());
}

TEST_CASE("interactive requests overtake background ones by weight, and arrival order holds in a session", "[admit]") {
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream, cap(1));
  std::list<TestClient> clients;
  auto ask = [&](const char* text, const char* fields) {
    clients.emplace_back(siltgate.port()).post_chat(chat_request(text), fields);
    CHECK(siltgate.wait_for_waiting(static_cast<int>(clients.size()) - 1));
  };
  ask("first", "");
  clients.front().read_until("one");
  ask("title", "siltgate-class: background\r\n");
  ask("summary", "siltgate-class: background\r\n");
  ask("earlier", "x-session-id: a\r\n");
  ask("later", "x-session-id: a\r\n");
  gate.open();
  for (TestClient& client : clients) CHECK(client.read_reply().clean());
  std::vector<std::string> order;
  for (const auto& request : upstream.seen())
    order.push_back(nlohmann::json::parse(request.body)["messages"][0]["content"]);
  CHECK(order == std::vector<std::string>{"first", "earlier", "later", "title", "summary"});
}

TEST_CASE("one damaged answer is one in the sum of all rows, however the key is counted", "[admit]") {
  for (const std::string per : {"key", "key+model"}) {
    ScriptedUpstream upstream([](UpstreamExchange& exchange) {
      if (exchange.request().head.method == "GET") return exchange.answer(200, R"({"object":"list","data":[]})");
      exchange.start_stream();
      exchange.chunk(chat_event("Hi") + "data: {\n\n");
      exchange.end_stream();
    });
    RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 1}, "limits": {"concurrency": 5, "per": ")" + per + R"("}}}})");
    TestClient models(siltgate.port());
    models.get("/v1/models");
    CHECK(models.read_reply().status == 200);
    TestClient::ask(siltgate.port());
    siltgate.wait_for_exchange(2);
    int damaged = 0, finished = 0;
    const auto state = siltgate.state();
    for (const auto& row : state["keys"]) {
      damaged += row["damaged"].get<int>();
      finished += row["finished"].get<int>();
    }
    CHECK(damaged == 1);
    CHECK(finished == 2);
    CHECK(state["keys"].size() == (per == "key" ? 1 : 2));
  }
}
