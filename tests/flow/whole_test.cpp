// SPDX-License-Identifier: Apache-2.0
// delivery "whole": nothing leaves before everything is sound, so every break is tried again unseen.
#include "flow/broken_streams.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* whole = R"({"providers": {"up": {"delivery": "whole"}}})";

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hello", " world"}); };
}

}  // namespace

TEST_CASE("a whole answer arrives byte-identical after it has ended", "[whole]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hello"));
    if (!exchange.wait(gate)) return;
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"delivery": "whole"}},
                                         "limits": {"queue": {"early_headers_after": "50ms", "heartbeat": "100ms"}}})");
  TestClient client(siltgate.port());
  client.post_chat();
  auto waiting = client.read_until(": siltgate\n");
  CHECK(waiting.status == 200);
  CHECK(waiting.body == ": siltgate\n");  // a comment, and nothing of the answer
  gate.open();
  auto reply = client.read_reply();
  CHECK(reply.clean());
  reply.body.erase(0, reply.body.rfind(": siltgate\n") + 11);
  CHECK(reply.body == chat_event("Hello") + chat_finish());
}

TEST_CASE("whatever breaks a whole answer is tried again unseen", "[whole][retry]") {
  std::vector<std::pair<std::string, std::function<void(UpstreamExchange&)>>> breaks;
  for (const Damage& damage : damages())
    breaks.emplace_back(damage.what, [&](UpstreamExchange& exchange) {
      exchange.start_stream();
      exchange.chunk(chat_event("Hello"));
      exchange.chunk(damage.bytes + chat_finish() + std::string(chat_done));
      exchange.end_stream();
    });
  for (const Cut& cut : cuts())
    breaks.emplace_back(cut.what, [&](UpstreamExchange& exchange) {
      exchange.start_stream();
      exchange.chunk(chat_event("Hello"));
      cut.end(exchange);
    });
  std::mutex mutex;
  std::set<std::string> broken_once;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    const std::string model = nlohmann::json::parse(exchange.request().body)["model"];
    std::unique_lock lock(mutex);
    const bool first = broken_once.insert(model).second;
    lock.unlock();
    first ? breaks.at(std::stoul(model.substr(1))).second(exchange) : sound()(exchange);
  });
  RunningSiltgate siltgate(upstream, whole);
  std::list<TestClient> clients;
  for (std::size_t i = 0; i < breaks.size(); ++i)
    clients.emplace_back(siltgate.port()).post_chat(chat_request("Hi", "m" + std::to_string(i)));
  std::size_t i = 0;
  for (TestClient& client : clients) {
    auto reply = client.read_reply();
    INFO(breaks[i++].first);
    CHECK(reply.status == 200);
    CHECK(reply.clean());
    CHECK(reply.body == sse_chat({"Hello", " world"}));
  }
  CHECK(upstream.requests() == static_cast<int>(2 * breaks.size()));
}

TEST_CASE("an error in the middle of a whole answer is tried again by its code", "[whole][retry]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) {
                               exchange.start_stream("retry-after-ms: 5\r\n");
                               exchange.chunk(chat_event("Hello"));
                               exchange.chunk("data: " + std::string(refusal_1302) + "\n\n");
                               exchange.end_stream();
                             },
                             sound()});
  RunningSiltgate siltgate(upstream, whole);
  CHECK(TestClient::ask(siltgate.port()).body == sse_chat({"Hello", " world"}));
}

TEST_CASE("a request may ask for a whole answer by header", "[whole]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("Hello"));
                               exchange.reset();
                             },
                             sound()});
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port(), chat_request(), "siltgate-delivery: whole\r\n");
  CHECK(reply.clean());
  CHECK(reply.body == sse_chat({"Hello", " world"}));
  CHECK(upstream.seen()[0].head.fields.count("siltgate-delivery") == 0);
}

TEST_CASE("a class may get whole answers while the others stream", "[whole]") {
  Gate delivered;
  Script broken = [&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hello"));
    if (exchange.wait(delivered)) exchange.end_stream();
  };
  ScriptedUpstream upstream({broken, broken, sound()});
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"class_delivery": {"background": "whole"}}}})");
  TestClient interactive(siltgate.port()), background(siltgate.port());
  interactive.post_chat(chat_request("Hi", "a"));
  interactive.read_until("Hello");
  background.post_chat(chat_request("Hi", "b"), "siltgate-class: background\r\n");
  CHECK(upstream.wait_for_requests(2));
  delivered.open();
  CHECK(interactive.read_reply().body.find(chat_event("Hello") + "data: {\"error\"") == 0);
  CHECK(background.read_reply().body == sse_chat({"Hello", " world"}));
}

TEST_CASE("a whole answer that stays broken is an HTTP error", "[whole][failing]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hello"));
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"delivery": "whole", "retry": {"attempts": 2}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(nlohmann::json::parse(reply.body)["error"]["code"] == "damaged");
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a whole answer over limits.response_body is 502", "[whole]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat(std::vector<std::string>(30, std::string(10'000, 'x'))); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"delivery": "whole"}}, "limits": {"response_body": "64KiB"}})");
  CHECK(TestClient::ask(siltgate.port()).status == 502);
  CHECK(upstream.requests() == 1);
}
