// SPDX-License-Identifier: Apache-2.0
// Bytes on their way through sockets of every temper: dripping, early, slow, large, over TLS.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using std::chrono::milliseconds;

namespace {

const std::string no_stream = chat_request("Hi", "glm-4.6", false);

std::string json_answer(std::size_t size) {
  return R"({"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" +
         std::string(size, 'x') + R"("},"finish_reason":"stop"}]})";
}

}  // namespace

TEST_CASE("an answer that drips byte by byte, head and chunk headers too, is delivered byte-identical", "[relay]") {
  const std::string stream = sse_chat({"H\xc3\xa9llo", " \xe4\xb8\xad\xe6\x96\x87"});
  std::string wire = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& part : cut_at(stream, {1, 30, 31, 200}))
    wire += fmt::format("{:X};name=\"value\"\r\n", part.size()) + part + "\r\n";
  wire += "0\r\nX-Trailer: 1\r\n\r\n";
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    for (std::size_t i = 0; i + 1 < wire.size(); ++i) exchange.send(wire.substr(i, 1));
    exchange.send_last(wire.substr(wire.size() - 1));
  });
  RunningSiltgate siltgate(upstream);
  for (int i = 0; i < 2; ++i) {
    auto reply = TestClient::ask(siltgate.port());
    CHECK(reply.clean());
    CHECK(reply.body == stream);
  }
  CHECK(upstream.connections() == 1);
}

TEST_CASE("a request that drips byte by byte is served", "[read_request]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  const std::string body = chat_request();
  for (char c : fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", body.size(), body))
    client.send(std::string(1, c));
  CHECK(client.read_reply().body == sse_chat({"Hi"}));
  CHECK(upstream.seen()[0].body == body);
}

TEST_CASE("large requests and answers pass TLS byte-identical", "[relay][tls]") {
  Authority authority;
  std::vector<std::string> pieces;
  for (int i = 0; i < 300; ++i) pieces.push_back(fmt::format("{} {}", i, std::string(10'000, 'x')));
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.chat(pieces); }, {authority.server("localhost"), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                           nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump());
  const std::string request = chat_request(std::string(2'000'000, 'y'));
  for (int i = 0; i < 2; ++i) {
    auto reply = TestClient::ask(siltgate.port(), request);
    CHECK(reply.clean());
    CHECK((reply.body == sse_chat(pieces)));
    CHECK((upstream.seen().back().body == request));
  }
  CHECK(upstream.connections() == 1);
}

TEST_CASE("an answer given before the upload has ended is delivered", "[send_request]") {
  Listener listener;
  StopSignal stop;
  const std::string refusal = R"({"error":{"code":"1210","message":"no"}})";
  std::thread provider([&] {
    Wire wire(listener.accept(stop.fd()));
    std::string some;
    wire.read(some, soon());
    wire.write(fmt::format("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
                           refusal.size(), refusal), soon());
    wire.send_fin();
    Gate never;
    never.wait(std::chrono::steady_clock::now() + milliseconds(100));
    wire.close();  // unread input makes it a reset
  });
  RunningSiltgate siltgate(fmt::format("http://127.0.0.1:{}/v1", listener.port()), R"({"providers": {"up": {"retry": {"attempts": 1}}}})");
  auto reply = TestClient::ask(siltgate.port(), chat_request(std::string(8'000'000, 'y')));
  CHECK(reply.status == 400);
  CHECK(reply.body == refusal);
  provider.join();
}

TEST_CASE("a slow but steady reader of a large answer is not cut by the provider's idle timeout", "[relay]") {
  const std::string body = json_answer(16'000'000);
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(200, body); });
  RunningSiltgate siltgate(upstream, R"({"validate": {"garble": "pass"}, "capture": {"mode": "off"}, "providers": {"up": {"timeouts": {"idle": "150ms"}}}})");
  Wire client = Wire::connect(siltgate.port());
  client.write(fmt::format("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", no_stream.size(), no_stream),
               soon());
  std::string received;
  Gate never;
  End end = End::open;
  std::size_t whole = std::string::npos;
  for (std::size_t paused_at = 0; end == End::open && received.size() < whole;) {
    end = client.read(received, soon());
    if (auto head_end = received.find("\r\n\r\n"); whole == std::string::npos && head_end != std::string::npos) whole = head_end + 4 + body.size();
    if (received.size() < paused_at + 500'000) continue;
    paused_at = received.size();
    never.wait(std::chrono::steady_clock::now() + milliseconds(20));
  }
  CHECK((received.substr(received.find("\r\n\r\n") + 4) == body));
}

TEST_CASE("a reader that rests longer than the provider may be silent still gets its stream", "[relay]") {
  const std::string event = chat_event(std::string(16'000, 'x'));
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (int i = 0; i < 1000; ++i) exchange.chunk(event);
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"validate": {"garble": "pass"}, "capture": {"mode": "off"}, "providers": {"up": {"timeouts": {"idle": "150ms"}}}})");
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(client.read_head().status == 200);
  Gate never;
  never.wait(std::chrono::steady_clock::now() + milliseconds(500));
  auto reply = client.read_reply();
  CHECK(reply.clean());
  CHECK(reply.body.size() == 1000 * event.size() + chat_finish().size());
}
