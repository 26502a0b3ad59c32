// SPDX-License-Identifier: Apache-2.0
// The head of the answer, and answers of the wrong kind.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using namespace std::string_literals;

namespace {

constexpr const char* one_attempt = R"({"providers": {"up": {"retry": {"attempts": 1}}}})";

std::string error_code(const Reply& reply) { return nlohmann::json::parse(reply.body).at("error").at("code"); }

}  // namespace

TEST_CASE("a provider that does not begin to answer is 504 after timeouts.first_byte", "[read_head]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.stall(); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"timeouts": {"first_byte": "150ms"}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 504);
  CHECK(reply.clean());
  CHECK(error_code(reply) == "upstream_silent");
  CHECK(upstream.requests() == 1);  // the first generation may still run
}

TEST_CASE("a provider that drips its head is given up after timeouts.first_byte", "[read_head]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    Gate never;
    for (char c : std::string("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")) {
      exchange.send(std::string(1, c));
      if (exchange.peer_left()) return;
      never.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
    }
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"timeouts": {"first_byte": "150ms"}}}})");
  CHECK(TestClient::ask(siltgate.port()).status == 504);
}

TEST_CASE("an answer that is no HTTP is 502", "[read_head]") {
  for (std::string bytes : {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"),
                            std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
                            std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                            "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\n{}"s,
                            std::string("HTTP/2 200\r\n\r\n"), "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"}) {
    ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
      exchange.send(bytes);
      exchange.close();
    });
    RunningSiltgate siltgate(upstream, one_attempt);
    auto reply = TestClient::ask(siltgate.port());
    INFO(bytes.substr(0, 60));
    CHECK(reply.status == 502);
    CHECK(reply.clean());
    CHECK(error_code(reply) == "upstream_malformed");
  }
}

TEST_CASE("interim responses are skipped", "[read_head]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
    exchange.chat({"Hi"});
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.body == sse_chat({"Hi"}));
  CHECK(reply.field("Link") == "");
}

TEST_CASE("a 200 that is no stream is never delivered as 200 to a request for a stream", "[read_head]") {
  struct Case {
    const char* what;
    const char* type;
    const char* body;
  };
  const Case cases[] = {{"an HTML page", "text/html", "<html><body>Welcome</body></html>"},
                        {"a JSON answer", "application/json", R"({"id":"1","choices":[]})"},
                        {"Z.AI's wrong path", "application/json", R"({"code":500,"msg":"404 NOT_FOUND","success":false})"},
                        {"an error as JSON", "application/json", R"({"error":{"code":"1113","message":"Insufficient balance"}})"},
                        {"nothing", "application/json", ""},
                        {"plain text", "text/plain", "data: {}"}};
  for (const Case& one : cases) {
    ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(200, one.body, one.type); });
    RunningSiltgate siltgate(upstream, one_attempt);
    auto reply = TestClient::ask(siltgate.port());
    INFO(one.what << ": " << reply.status << " " << reply.body);
    CHECK(reply.status >= 400);
    CHECK(reply.status != 413);
    CHECK(reply.clean());
    auto parsed = nlohmann::json::parse(reply.body, nullptr, false);
    CHECK(parsed.is_object());
    CHECK(parsed.contains("error"));
    CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "provider");
  }
}

TEST_CASE("an answer of the wrong kind is not tried again, and clients are free to", "[read_head][retry]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, "<html></html>", "text/html"); });
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).status == 502);
  CHECK(upstream.requests() == 1);
}

TEST_CASE("an HTML error page passes with its status", "[read_head]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(403, "<html>blocked</html>", "text/html"); });
  RunningSiltgate siltgate(upstream, one_attempt);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 403);
  CHECK(reply.body == "<html>blocked</html>");
  CHECK(reply.field("Content-Type") == "text/html");
}

TEST_CASE("a refusal whose body breaks off is tried again", "[read_head][retry]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) {
                               exchange.send("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{");
                               exchange.close();
                             },
                             [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).body == sse_chat({"Hi"}));
}

TEST_CASE("a stream that nobody asked for passes, and is on record", "[read_head]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port(), R"({"model": "m", "messages": []})").body == sse_chat({"Hi"}));
  const auto record = siltgate.wait_for_exchange();
  REQUIRE(record["findings"].size() == 1);
  CHECK(record["findings"][0]["check"] == "content_type");
  CHECK(record["verdict"]["blame"] == "intact");
}

TEST_CASE("an answer cut inside a surrogate pair passes, is on record, and is no damage", "[read_head]") {
  const std::string body = R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"cut \ud83d"},"finish_reason":"length"}]})";
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(200, body); });
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port(), R"({"model": "m", "messages": []})").body == body);
  const auto record = siltgate.wait_for_exchange();
  REQUIRE(record["findings"].size() == 1);
  CHECK(record["findings"][0]["check"] == "json");
  CHECK(record["verdict"]["blame"] == "intact");
}
