// SPDX-License-Identifier: Apache-2.0
// What of a request reaches upstream, and what never does.
#include <fmt/format.h>

#include <random>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using namespace std::string_literals;

namespace {

Script answer_chat() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

std::string two_megabytes() {
  std::mt19937 random(1);
  std::string text(2'000'000, ' ');
  for (char& c : text) c = static_cast<char>('!' + random() % 90);
  std::replace(text.begin(), text.end(), '"', ' ');
  std::replace(text.begin(), text.end(), '\\', ' ');
  return chat_request(text);
}

int header_count(const UpstreamRequest& request, std::string_view name) {
  return static_cast<int>(request.head.fields.count(name));
}

std::string header(const UpstreamRequest& request, std::string_view name) {
  return std::string(request.head.fields.find(name).value_or("(absent)"));
}

}  // namespace

TEST_CASE("a request body arrives upstream byte for byte", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  const std::string odd = "{ \"model\":\t\"glm-4.6\",\n\"stream\" :true, \"stream\":true,\"x\":\"\\u00e9\xc3\xa9\" }\n";
  for (const std::string& body : {chat_request(), odd, two_megabytes()}) {
    auto reply = TestClient::ask(siltgate.port(), body);
    CHECK(reply.status == 200);
    CHECK(reply.clean());
    CHECK(upstream.seen().back().body == body);
    CHECK(header(upstream.seen().back(), "Content-Length") == std::to_string(body.size()));
  }
}

TEST_CASE("a chunked request body arrives upstream whole, with a length", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  const std::string body = two_megabytes();
  TestClient client(siltgate.port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send(chunked(cut_at(body, {1, 2, 70'000, 70'001, 1'500'000})));
  CHECK(client.read_reply().body == sse_chat({"Hi"}));
  const auto seen = upstream.seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].body == body);
  CHECK(header(seen[0], "Content-Length") == std::to_string(body.size()));
  CHECK(header_count(seen[0], "Transfer-Encoding") == 0);
}

TEST_CASE("upstream sees the client's own User-Agent and end-to-end headers, and no hop-by-hop header", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  const std::string agent = "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14";
  auto reply = TestClient::ask(siltgate.port(), chat_request(),
                               "User-Agent: " + agent + "\r\nAuthorization: Bearer sk-1\r\nx-session-affinity: ses_1\r\n"
                               "anthropic-version: 2023-06-01\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\nX-Mine: 1\r\n"
                               "Connection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n"
                               "Proxy-Authorization: Basic eA==\r\nsiltgate-class: background\r\nx-request-id: mine\r\n");
  CHECK(reply.status == 200);
  const auto seen = upstream.seen();
  REQUIRE(seen.size() == 1);
  CHECK(header(seen[0], "User-Agent") == agent);
  CHECK(header(seen[0], "Authorization") == "Bearer sk-1");
  CHECK(header(seen[0], "x-session-affinity") == "ses_1");
  CHECK(header(seen[0], "anthropic-version") == "2023-06-01");
  CHECK(header(seen[0], "x-request-id") == "mine");
  CHECK(header(seen[0], "Accept") == "*/*");
  CHECK(header(seen[0], "Content-Type") == "application/json");
  CHECK(header(seen[0], "Accept-Encoding") == "identity");
  CHECK(header(seen[0], "Host") == fmt::format("127.0.0.1:{}", upstream.port()));
  for (auto name : {"Host", "Accept-Encoding", "Content-Length"}) CHECK(header_count(seen[0], name) == 1);
  for (auto name : {"Keep-Alive", "TE", "Proxy-Authorization", "siltgate-class", "X-Mine", "Transfer-Encoding"}) {
    INFO(name);
    CHECK(header_count(seen[0], name) == 0);
  }
  CHECK(header(seen[0], "Connection") != "keep-alive, X-Mine");
}

TEST_CASE("a client that expects 100-continue is told to go on before its body", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  const std::string body = chat_request();
  client.send(fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                          "Content-Length: {}\r\n\r\n", body.size()));
  client.expect_continue();
  CHECK(upstream.requests() == 0);
  client.send(body);
  CHECK(client.read_reply().body == sse_chat({"Hi"}));
  const auto seen = upstream.seen();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].body == body);
  CHECK(header_count(seen[0], "Expect") == 0);
}

TEST_CASE("a slow upload holds no permit", "[read_request][admit]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
  TestClient slow(siltgate.port());
  const std::string body = chat_request();
  slow.send(fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.size()));
  slow.send(body.substr(0, 10));
  CHECK(TestClient::ask(siltgate.port()).status == 200);
  slow.send(body.substr(10));
  CHECK(slow.read_reply().status == 200);
}

TEST_CASE("a body over its bound is 400, not 413, and nothing of it reaches upstream", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream, R"({"limits": {"request_body": "1KiB"}})");
  auto reply = TestClient::ask(siltgate.port(), chat_request(std::string(2000, 'x')));
  CHECK(reply.status == 400);
  CHECK(reply.field("Content-Type") == "application/json");
  CHECK(nlohmann::json::parse(reply.body)["error"]["code"].is_string());
  TestClient client(siltgate.port());
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
              chunked({std::string(2000, 'x')}));
  CHECK(client.read_reply().status == 400);
  CHECK(upstream.connections() == 0);
}

TEST_CASE("malformed, foreign and misdirected requests are refused before anything reaches upstream", "[read_request]") {
  struct Case {
    const char* what;
    std::string request;
    int status;
  };
  const std::string post = "POST /v1/chat/completions HTTP/1.1\r\n";
  const Case cases[] = {
      {"two lengths", post + "Host: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"length and chunked", post + "Host: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"no Host", post + "Content-Length: 2\r\n\r\n{}", 400},
      {"bare LF", "GET /v1/models HTTP/1.1\nHost: localhost\n\n", 400},
      {"obs-fold", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n", 400},
      {"NUL in a value", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n"s, 400},
      {"a line over 8 KiB", "GET /v1/" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
      {"a head over 64 KiB", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", 431},
      {"a foreign Host", "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
      {"a foreign Origin", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n", 403},
      {"a null Origin", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403},
      {"CONNECT", "CONNECT api.z.ai:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
      {"a path that climbs", "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
      {"an unknown path", "GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
      {"websocket", "GET /v1/responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", 501},
  };
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  for (const Case& one : cases) {
    INFO(one.what);
    TestClient client(siltgate.port());
    client.send(one.request);
    auto reply = client.read_reply();
    CHECK(reply.status == one.status);
    CHECK(reply.clean());
    CHECK(siltgate.exchange(reply.field("siltgate-id"))["status"] == one.status);
    auto error = nlohmann::json::parse(reply.body, nullptr, false);
    CHECK(error.is_object());
    for (auto phrase : {"too large", "too long", "context", "exceed"}) CHECK(reply.body.find(phrase) == std::string::npos);
  }
  CHECK(upstream.connections() == 0);
}

TEST_CASE("a path that maps to nothing is answered with the base URLs that exist", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.get("/nosuch/v1/models");
  auto reply = client.read_reply();
  CHECK(reply.status == 404);
  CHECK(reply.body.find("http://localhost/v1") != std::string::npos);
  CHECK(reply.body.find("/up/v1") != std::string::npos);
}

TEST_CASE("every spelling of a path leads to the provider's base URL", "[read_request]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, R"({"object":"list","data":[]})"); });
  RunningSiltgate siltgate(upstream.url("/api/coding/paas/v4"));
  for (std::string path : {"/v1/models", "/models", "/api/coding/paas/v4/models", "/up/v1/models", "/up/models?a=b"}) {
    TestClient client(siltgate.port());
    client.get(path);
    auto reply = client.read_reply();
    INFO(path);
    CHECK(reply.status == 200);
    CHECK(reply.body == R"({"object":"list","data":[]})");
    auto query = path.find('?') == path.npos ? "" : path.substr(path.find('?'));
    CHECK(upstream.seen().back().head.target == "/api/coding/paas/v4/models" + query);
  }
}

TEST_CASE("HEAD / is 200 without asking upstream", "[read_request]") {
  ScriptedUpstream upstream(answer_chat());
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  auto reply = client.read_reply();
  CHECK(reply.status == 200);
  CHECK(reply.clean());
  CHECK(upstream.connections() == 0);
}
