// SPDX-License-Identifier: Apache-2.0
// The client's side of HTTP: keep-alive by User-Agent, pipelining, HTTP/1.0, the headers on every response.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using namespace std::string_literals;

namespace {

constexpr const char* old_opencode = "User-Agent: opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5\r\n";
constexpr const char* new_opencode = "User-Agent: opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14\r\n";

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

/// The sockets of this process that siltgate has accepted on `port`.
std::vector<int> accepted_on(std::uint16_t port) {
  std::vector<int> out;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in own{}, peer{};
    socklen_t size = sizeof own, peer_size = sizeof peer;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0 || own.sin_family != AF_INET || ntohs(own.sin_port) != port) continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) out.push_back(fd);
  }
  return out;
}

}  // namespace

TEST_CASE("the kernel asks whether a client's machine is still there", "[client]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until("one");
  const auto sockets = accepted_on(siltgate.port());
  REQUIRE(sockets.size() == 1);
  int on = 0;
  socklen_t size = sizeof on;
  REQUIRE(::getsockopt(sockets.front(), SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0);
  CHECK(on != 0);
}

TEST_CASE("a client that may replay a POST is told to close, one that does not keeps its connection", "[client]") {
  ScriptedUpstream upstream(sound());
  struct Case {
    const char* keep_alive;
    const char* agent;
    bool closes;
  };
  for (const Case& one : {Case{"auto", old_opencode, true}, Case{"auto", new_opencode, false}, Case{"auto", "", true},
                          Case{"always", old_opencode, false}, Case{"never", new_opencode, true}}) {
    RunningSiltgate siltgate(upstream, fmt::format(R"({{"keep_alive": "{}"}})", one.keep_alive));
    INFO(one.keep_alive << " " << one.agent);
    TestClient client(siltgate.port());
    client.post_chat(chat_request(), one.agent);
    auto reply = client.read_reply();
    CHECK(reply.clean());
    CHECK(reply.field("Connection") == (one.closes ? "close" : ""));
    if (one.closes) {
      CHECK(client.read_end() == End::fin);
    } else {
      client.post_chat(chat_request(), one.agent);
      CHECK(client.read_reply().body == sse_chat({"Hi"}));
      CHECK(siltgate.wait_for_exchange(2)["client_reused"] == true);
    }
  }
}

TEST_CASE("pipelined requests are answered in order", "[client]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, exchange.request().head.target); });
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
  TestClient client(siltgate.port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += fmt::format("GET /v1/files/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", i);
  client.send(all);
  for (int i = 0; i < 20; ++i) CHECK(client.read_reply().body == fmt::format("/v1/files/{}", i));
}

TEST_CASE("a client that pipelines and leaves is noticed", "[client]") {
  Gate left;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.stall()) left.open();
  });
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(upstream.wait_for_requests(1));
  client.get("/v1/models");
  client.leave();
  CHECK(left.wait());
}

TEST_CASE("an HTTP/1.0 client gets a body framed by close", "[client]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  const std::string body = chat_request();
  client.send(fmt::format("POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  auto reply = client.read_reply();
  CHECK(reply.status == 200);
  CHECK(reply.field("Transfer-Encoding") == "");
  CHECK(reply.field("Connection") == "close");
  CHECK(reply.clean());
  CHECK(reply.body == sse_chat({"Hi"}));
}

TEST_CASE("an HTTP/1.0 client sees a reset where the stream broke off, as it has no other sign", "[client]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    exchange.close();
  });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  const std::string body = chat_request();
  client.send(fmt::format("POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}",
                          old_opencode, body.size(), body));
  auto reply = client.read_reply();
  CHECK(reply.end == End::reset);
}

TEST_CASE("every response carries the marks of siltgate and the provider's request id", "[client]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream("x-request-id: req-42\r\nX-Theirs: 1\r\nKeep-Alive: timeout=5\r\nAlt-Svc: h3=\":443\"\r\n");
    for (const auto& event : chat_events({"Hi"})) exchange.chunk(event);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.field("siltgate-id") == siltgate.wait_for_exchange()["id"]);
  CHECK(reply.field("Via") == "1.1 siltgate");
  CHECK(reply.field("Server-Timing").find("queue;dur=") == 0);
  for (auto part : {"connect;dur=", "ttfb;dur="}) CHECK(reply.field("Server-Timing").find(part) != std::string::npos);
  CHECK(reply.field("Proxy-Status").find("siltgate") == 0);
  CHECK(reply.field("x-request-id") == "req-42");
  CHECK(reply.field("X-Theirs") == "1");
  CHECK(reply.field("Content-Type") == "text/event-stream");
  CHECK(reply.field("Keep-Alive") == "");
  CHECK(reply.field("Alt-Svc") == "");
}

TEST_CASE("answers of siltgate's own carry its marks, too", "[client]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, R"({"limits": {"total": 1}})");
  for (const char* line : {"HEAD / HTTP/1.1", "GET /-/healthz HTTP/1.1", "GET / HTTP/1.1", "GET /v1/x HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade",
                           "GET /v1/x HTTP/1.1\r\nOrigin: http://elsewhere.example", "GET /\x7f HTTP/1.1"}) {
    TestClient client(siltgate.port());
    client.send(line + "\r\nHost: localhost\r\n\r\n"s);
    const auto own = client.read_reply();
    INFO(line << ": " << own.status);
    CHECK(own.field("siltgate-id").starts_with("sg_"));
    CHECK(own.field("Via") == "1.1 siltgate");
    CHECK(own.field("Server-Timing") == "queue;dur=0.0, connect;dur=0.0, ttfb;dur=0.0");
    CHECK(own.field("Proxy-Status").starts_with("siltgate"));
    CHECK((own.status == 501) == (own.field("Proxy-Status").find("http_upgrade_failed") != std::string::npos));
  }
}

TEST_CASE("what is no inference call passes unvalidated, in any shape", "[client]") {
  const std::string bytes = "\0\xff binary \r\n\r\n"s;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(206, bytes, "application/octet-stream"); });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.get("/v1/files/f-1/content");
  auto reply = client.read_reply();
  CHECK(reply.status == 206);
  CHECK(reply.body == bytes);
  CHECK(reply.field("Content-Length") == std::to_string(bytes.size()));
  CHECK(reply.clean());
  CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "intact");
}

TEST_CASE("HEAD of a provider's path passes with its length and no body", "[client]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.send_last("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n");
  });
  RunningSiltgate siltgate(upstream);
  for (int i = 0; i < 2; ++i) {
    TestClient client(siltgate.port());
    client.send("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto reply = client.read_reply();
    CHECK(reply.status == 200);
    CHECK(reply.field("Content-Length") == "27");
    CHECK(reply.body.empty());
  }
  CHECK(upstream.connections() == 1);
}
