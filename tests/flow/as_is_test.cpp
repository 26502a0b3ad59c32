// SPDX-License-Identifier: Apache-2.0
// Answers that are not looked at: which head belongs to which body, and how they end when upstream does not end them.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* agent = "User-Agent: opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14\r\n";   // is kept alive

Script with_length(std::size_t length, std::string body, std::string more = "Content-Type: application/json\r\n") {
  return [=](UpstreamExchange& exchange) {
    exchange.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", length, more, body));
    exchange.close();
  };
}

Script brotli_cut_after(std::string body) {
  return with_length(1000, std::move(body), "Content-Type: text/event-stream\r\nContent-Encoding: br\r\n");
}

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

constexpr const char* early = R"({"limits": {"queue": {"early_headers_after": "50ms", "heartbeat": "100ms"}}})";

/// Answers only when the client has had a heartbeat.
Script after(Gate& gate, const Script& then) {
  return [&gate, then](UpstreamExchange& exchange) {
    if (exchange.wait(gate)) then(exchange);
  };
}

Reply early_reply(const Script& then, const char* settings = early) {
  Gate gate;
  ScriptedUpstream upstream(after(gate, then));
  RunningSiltgate siltgate(upstream, settings);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until(": siltgate");
  gate.open();
  Reply reply = client.read_reply();
  CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "provider");
  return reply;
}

}  // namespace

TEST_CASE("an answer that is tried again has the head that belongs to its body", "[as-is]") {
  for (std::size_t lost : {1000, 3}) {
    ScriptedUpstream upstream({with_length(lost, "", "X-Attempt: 1\r\n"), with_length(5, "hello", "X-Attempt: 2\r\n"),
                               with_length(10, "real-third", "X-Attempt: 3\r\n")});
    RunningSiltgate siltgate(upstream);
    TestClient client(siltgate.port());
    client.get("/v1/models", agent);
    const Reply first = client.read_reply();
    CHECK(first.clean());
    CHECK(first.body == "hello");
    CHECK(first.field("X-Attempt") == "2");
    client.get("/v1/models", agent);
    CHECK(client.read_reply().body == "real-third");
  }
  ScriptedUpstream upstream({brotli_cut_after(""), sound()});
  RunningSiltgate siltgate(upstream);
  const Reply stream = TestClient::ask(siltgate.port());
  CHECK(stream.field("Content-Encoding") == "");
  CHECK(stream.body == sse_chat({"Hi"}));
}

TEST_CASE("an answer of which no byte came is an error that says so", "[as-is]") {
  constexpr const char* once = R"({"providers": {"up": {"retry": {"attempts": 1}, "timeouts": {"idle": "100ms"}}}})";
  struct Case {
    Script script;
    int status;
  };
  const Script silent = [](UpstreamExchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    exchange.stall();
  };
  const Script refused = [](UpstreamExchange& exchange) { exchange.answer(404, "{}"); };
  for (const Case& one : {Case{with_length(9, ""), 502}, Case{silent, 504}, Case{with_length(0, "", "Content-Encoding: gzip\r\n"), 502}, Case{refused, 404}}) {
    ScriptedUpstream upstream(one.script);
    RunningSiltgate siltgate(upstream, once);
    TestClient client(siltgate.port());
    client.get("/v1/models");
    const Reply reply = client.read_reply();
    CHECK(reply.status == one.status);
    CHECK(reply.clean());
    CHECK_FALSE(reply.body.empty());
  }
}

TEST_CASE("nothing of siltgate's is written into a body that it does not read", "[as-is]") {
  for (const std::size_t size : {500, 900, 999}) {
    ScriptedUpstream upstream(brotli_cut_after(std::string(size, 'z')));
    RunningSiltgate siltgate(upstream);
    const Reply reply = TestClient::ask(siltgate.port());
    CHECK_FALSE(reply.clean());
    CHECK(reply.body == std::string(size, 'z'));
  }
  const std::string json = R"({"id":"x","object":"chat.completion","choices":[]})";
  ScriptedUpstream upstream(with_length(json.size() + 100, json));
  RunningSiltgate siltgate(upstream, R"({"validate": {"content_type": "flag"}})");
  const Reply reply = TestClient::ask(siltgate.port());
  CHECK_FALSE(reply.clean());
  CHECK(reply.body == json);
}

TEST_CASE("what is no event stream does not go into the one that was begun while the request waited", "[as-is]") {
  const std::string page = "<html>Please log in</html>";
  const Script redirect = [&](UpstreamExchange& exchange) { exchange.answer(302, page, "text/html", "Location: /login\r\n"); };
  const Script not_modified = [](UpstreamExchange& exchange) { exchange.send("HTTP/1.1 304 Not Modified\r\n\r\n"); };
  const Script brotli = [](UpstreamExchange& exchange) {
    exchange.start_stream("Content-Encoding: br\r\n");
    exchange.chunk("\x8b\x01\x80zzzz");
    exchange.end_stream();
  };
  for (const Script& script : {redirect, not_modified, brotli}) {
    const Reply reply = early_reply(script);
    CHECK(reply.status == 200);
    CHECK_FALSE(reply.clean());
    CHECK(reply.body.find("data: {\"error\"") != std::string::npos);
    for (auto foreign : {"<html>", "zzzz"}) CHECK(reply.body.find(foreign) == std::string::npos);
  }
  constexpr const char* flagged = R"({"validate": {"content_type": "flag"}, "limits": {"queue": {"early_headers_after": "50ms", "heartbeat": "100ms"}}})";
  const Reply json = early_reply([](UpstreamExchange& exchange) { exchange.answer(200, R"({"id":"x"})"); }, flagged);
  CHECK_FALSE(json.clean());
  CHECK(json.body.find("\"id\"") == std::string::npos);
}

TEST_CASE("delivery whole waits for the end of what it cannot read, too", "[as-is][whole]") {
  const Script complete = [](UpstreamExchange& exchange) {
    exchange.start_stream("Content-Encoding: br\r\n");
    exchange.chunk("whole");
    exchange.end_stream();
  };
  ScriptedUpstream upstream({brotli_cut_after("part"), complete});
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"delivery": "whole"}}})");
  const Reply reply = TestClient::ask(siltgate.port());
  CHECK(reply.clean());
  CHECK(reply.body == "whole");
  CHECK(reply.field("Content-Encoding") == "br");
}

TEST_CASE("a large error of the provider passes as it is", "[as-is]") {
  const std::string large = R"({"error":{"message":")" + std::string(2'000'000, 'm') + R"("}})";
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(400, large); });
  RunningSiltgate siltgate(upstream);
  const Reply reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 400);
  CHECK(reply.body == large);
}
