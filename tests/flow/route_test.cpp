// SPDX-License-Identifier: Apache-2.0
// Keys and tokens: whose credential reaches the provider, and whose never does.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* team_key = R"({"providers": {"up": {"auth": "replace", "keys": {"team": {"value": "sk-team"}}}},
                                     "client_tokens": {"alice": "token-alice"}})";

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

std::string header(const UpstreamRequest& request, std::string_view name) {
  return std::string(request.head.fields.find(name).value_or("(absent)"));
}

}  // namespace

TEST_CASE("a replaced key reaches the provider and the client's token does not", "[route]") {
  const auto events = message_events("Hi");
  ScriptedUpstream upstream({sound(), [&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(joined(events));
                               exchange.end_stream();
                             }});
  RunningSiltgate siltgate(upstream, team_key);
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer token-alice\r\n").status == 200);
  const auto chat = upstream.seen().back();
  CHECK(header(chat, "Authorization") == "Bearer sk-team");
  CHECK(chat.raw_head.find("token-alice") == std::string::npos);
  TestClient::ask(siltgate.port(), chat_request(), "x-api-key: token-alice\r\n", "/v1/messages");
  const auto messages = upstream.seen().back();
  CHECK(header(messages, "x-api-key") == "sk-team");
  CHECK(messages.raw_head.find("token-alice") == std::string::npos);
  auto record = siltgate.wait_for_exchange();
  CHECK(record["key"] == "team");
  CHECK(record.dump().find("sk-team") == std::string::npos);
}

TEST_CASE("a request without one of the client tokens is refused", "[route]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, team_key);
  for (auto fields : {"", "Authorization: Bearer token-bob\r\n", "Authorization: Bearer sk-team\r\n", "x-api-key: token-alic\r\n"}) {
    auto reply = TestClient::ask(siltgate.port(), chat_request(), fields);
    INFO(fields);
    CHECK((reply.status == 401 || reply.status == 403));
    CHECK(reply.body.find("sk-team") == std::string::npos);
  }
  CHECK(upstream.connections() == 0);
}

TEST_CASE("a key passed through is named by a hash and written nowhere", "[route]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.answer(401, R"({"error":{"code":"1000","message":"key sk-mine-1234567890abcdef is unknown"}})");
  });
  RunningSiltgate siltgate(upstream);
  TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer sk-mine-1234567890abcdef\r\n");
  CHECK(header(upstream.seen()[0], "Authorization") == "Bearer sk-mine-1234567890abcdef");
  auto record = siltgate.wait_for_exchange();
  CHECK(record["key"].get<std::string>().substr(0, 1) == "#");
  CHECK(record.dump().find("sk-mine") == std::string::npos);
  CHECK(siltgate.state().dump().find("sk-mine") == std::string::npos);
}

TEST_CASE("two keys have a cap each", "[route][admit]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (exchange.wait(gate)) exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
  TestClient mine(siltgate.port()), yours(siltgate.port()), mine_again(siltgate.port());
  mine.post_chat(chat_request(), "Authorization: Bearer sk-mine\r\n");
  mine.read_until("one");
  yours.post_chat(chat_request(), "Authorization: Bearer sk-yours\r\n");
  CHECK(yours.read_until("one").status == 200);
  mine_again.post_chat(chat_request(), "x-api-key: sk-mine\r\n");
  CHECK(siltgate.wait_for_waiting(1));
  gate.open();
  for (TestClient* client : {&mine, &yours, &mine_again}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 2);
}
