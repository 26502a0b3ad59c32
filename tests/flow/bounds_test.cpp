// SPDX-License-Identifier: Apache-2.0
// When siltgate is full: new work is turned away or waits, what runs goes on.
#include <fmt/format.h>

#include <memory>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

const std::string no_stream = chat_request("Say hi", "glm-4.6", false);

/// A chat whose text fills most of a megabyte.
std::string large_request() { return chat_request(std::string(700'000, 'x')); }

/// 700 KB of a stream, and its end when the gate opens.
Script long_stream(Gate& gate) {
  return [&gate, event = chat_event(healthy_text(7'000))](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (int i = 0; i < 100; ++i) exchange.chunk(event);
    if (!exchange.wait(gate)) return;
    exchange.chunk(chat_finish());
    exchange.end_stream();
  };
}

/// The same as one JSON body, whose last byte waits.
Script long_body(Gate& gate) {
  const std::string json = R"({"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" +
                           healthy_text(700'000) + R"("},"finish_reason":"stop"}]})";
  return [&gate, json](UpstreamExchange& exchange) {
    exchange.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", json.size()));
    exchange.send(json.substr(0, json.size() - 1));
    if (exchange.wait(gate)) exchange.send_last(json.substr(json.size() - 1));
  };
}

}  // namespace

TEST_CASE("a request whose body does not fit beside the others is answered 503, and the others go on", "[bounds]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.wait(gate);
    exchange.chat({"Hi"});
  });
  RunningSiltgate siltgate(upstream, R"({"limits": {"request_bodies": "1MiB"}})");
  TestClient first(siltgate.port());
  first.post_chat(large_request());
  REQUIRE(upstream.wait_for_requests(1));
  TestClient second(siltgate.port());
  second.post_chat(large_request());
  auto refused = second.read_reply();
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.field("Retry-After").empty());
  CHECK(refused.field("Connection") == "close");
  CHECK(refused.body.find("limits.request_bodies") != std::string::npos);
  CHECK(upstream.requests() == 1);
  gate.open();
  CHECK(first.read_reply().body == sse_chat({"Hi"}));
  CHECK(TestClient::ask(siltgate.port(), large_request()).body == sse_chat({"Hi"}));
}

TEST_CASE("what a body took is free again once its answer has begun, and after a client that leaves", "[bounds]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    if (exchange.wait(gate)) exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"limits": {"request_bodies": "1MiB"}})");
  TestClient leaving(siltgate.port());
  leaving.post_chat(large_request().substr(0, 600'000));
  leaving.leave();
  siltgate.wait_for_exchange();
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat(large_request());
  first.read_until("Hi");
  second.post_chat(large_request());
  second.read_until("Hi");
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(second.read_reply().clean());
}

TEST_CASE("an answer held whole that does not fit beside the others is cut and answered 503, the others are delivered", "[bounds]") {
  for (const bool stream : {true, false}) {
    INFO(stream);
    Gate gate;
    ScriptedUpstream upstream(stream ? long_stream(gate) : long_body(gate));
    RunningSiltgate siltgate(upstream, R"({"limits": {"response_bodies": "1MiB"}, "providers": {"up": {"delivery": "whole"}},
                                           "capture": {"mode": "off"}, "validate": {"garble": "pass"}})");
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 2; ++i) {
      clients.push_back(std::make_unique<TestClient>(siltgate.port()));
      clients.back()->post_chat(stream ? chat_request() : no_stream);
    }
    const auto record = siltgate.wait_for_exchange();   // one of the two is over; the other needs the gate
    CHECK(record["status"] == 503);
    CHECK(record["failure"]["cause"] == "queue_full");
    gate.open();
    int refused = 0;
    for (auto& client : clients) {
      auto reply = client->read_reply();
      if (reply.status != 503) {
        CHECK(reply.clean());
        CHECK(reply.body.size() >= 700'000);
        continue;
      }
      ++refused;
      CHECK(reply.body.find("limits.response_bodies") != std::string::npos);
    }
    CHECK(refused == 1);
    CHECK(TestClient::ask(siltgate.port(), stream ? chat_request() : no_stream).status == 200);   // its room is free again
  }
}

TEST_CASE("at limits.connections the connection that rested longest gives way to a new one", "[bounds]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always", "limits": {"connections": 2}})");
  TestClient oldest(siltgate.port()), other(siltgate.port());
  for (TestClient* client : {&oldest, &other}) {
    client->post_chat();
    CHECK(client->read_reply().clean());
  }
  TestClient newcomer(siltgate.port());
  newcomer.post_chat();
  CHECK(newcomer.read_reply().clean());
  CHECK(oldest.read_end() == End::fin);
  other.post_chat();
  CHECK(other.read_reply().clean());
}

TEST_CASE("a provider that answers with interim heads for ever is given up", "[bounds]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    while (!exchange.peer_left()) exchange.send("HTTP/1.1 102 Processing\r\n\r\n");
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 1}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(reply.body.find("interim") != std::string::npos);
}

TEST_CASE("an answer's trailers are dropped, and its interim heads too", "[bounds]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n");
    exchange.start_stream("Trailer: X-Late\r\n");
    for (const auto& event : chat_events({"Hi"})) exchange.chunk(event);
    exchange.send_last("0\r\nX-Late: 1\r\nContent-Length: 5\r\n\r\n");
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 200);
  CHECK(reply.clean());
  CHECK(reply.body == sse_chat({"Hi"}));
  for (auto name : {"Link", "Trailer", "X-Late"}) CHECK(reply.field(name).empty());
}

TEST_CASE("answers that have no body are framed as such, whatever they say of its length", "[bounds]") {
  for (int status : {204, 304}) {
    ScriptedUpstream upstream([status](UpstreamExchange& exchange) {
      exchange.send_last("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 10\r\n\r\n");
    });
    RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
    TestClient client(siltgate.port());
    for (int i = 0; i < 2; ++i) {
      client.get("/v1/models");
      auto reply = client.read_reply();
      INFO(status);
      CHECK(reply.status == status);
      CHECK(reply.clean());
      CHECK(reply.body.empty());
    }
  }
}
