// SPDX-License-Identifier: Apache-2.0
// Connections to the provider: reused, replaced when they died at rest, TLS, through a CONNECT proxy.
#include <fmt/format.h>

#include <sys/socket.h>

#include <atomic>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/connect_proxy.hpp"

using namespace siltgate::test;
using Leaf = Authority::Leaf;

namespace {

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

/// One TLS provider and siltgate in front of it, trusting `ca_file`.
struct OverTls {
  Authority authority;
  ScriptedUpstream upstream;
  RunningSiltgate siltgate;

  OverTls(const std::string& name, Leaf leaf, bool trusting = true)
      : upstream(sound(), {authority.server(name, leaf), 0}),
        siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                 nlohmann::json({{"providers", {{"up", {{"ca_file", trusting ? authority.ca_file() : ""},
                                                        {"retry", {{"attempts", 2}}}}}}}}).dump()) {}
};

std::string error_code(const Reply& reply) { return nlohmann::json::parse(reply.body).at("error").at("code"); }

}  // namespace

TEST_CASE("a connection to the provider is used again", "[connect]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream);
  for (int i = 0; i < 5; ++i) CHECK(TestClient::ask(siltgate.port()).clean());
  CHECK(upstream.connections() == 1);
  CHECK(upstream.seen().back().on_connection == 5);
  CHECK(siltgate.exchanges()[0]["attempts"][0]["reused"] == true);
  CHECK(siltgate.exchanges()[4]["attempts"][0]["reused"] == false);
}

TEST_CASE("a connection that the provider wants closed is not used again", "[connect]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream("Connection: close\r\n");
    for (const auto& event : chat_events({"Hi"})) exchange.chunk(event);
    exchange.end_stream();
    exchange.close();
  });
  RunningSiltgate siltgate(upstream);
  for (int i = 0; i < 3; ++i) CHECK(TestClient::ask(siltgate.port()).clean());
  CHECK(upstream.connections() == 3);
}

TEST_CASE("a connection with bytes after the answer is not used again", "[connect]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (const auto& event : chat_events({"Hi"})) exchange.chunk(event);
    exchange.send_last("0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  });
  RunningSiltgate siltgate(upstream);
  for (int i = 0; i < 2; ++i) CHECK(TestClient::ask(siltgate.port()).body == sse_chat({"Hi"}));
  CHECK(upstream.connections() == 2);
}

TEST_CASE("a reused connection that ends before a response byte is replaced without the client noticing", "[connect]") {
  for (End end : {End::fin, End::reset}) {
    ScriptedUpstream upstream({sound(),
                               [end](UpstreamExchange& exchange) { end == End::fin ? exchange.close() : exchange.reset(); },
                               sound()});
    RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 1}}}})");
    CHECK(TestClient::ask(siltgate.port()).clean());
    auto reply = TestClient::ask(siltgate.port());
    INFO(to_string(end));
    CHECK(reply.status == 200);
    CHECK(reply.body == sse_chat({"Hi"}));
    const auto seen = upstream.seen();
    REQUIRE(seen.size() == 3);
    CHECK(seen[1].on_connection == 2);
    CHECK(seen[2].on_connection == 1);
    CHECK(seen[1].body == seen[2].body);
  }
}

TEST_CASE("a fresh connection that ends before a response byte is tried again, and 502 after the attempts", "[connect]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.close(); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 2}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(reply.clean());
  CHECK(error_code(reply) == "upstream_closed");
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a provider whose certificate holds is spoken to over TLS", "[connect][tls]") {
  OverTls world("localhost", Leaf::sound);
  for (int i = 0; i < 2; ++i) CHECK(TestClient::ask(world.siltgate.port()).body == sse_chat({"Hi"}));
  CHECK(world.upstream.connections() == 1);
  auto record = world.siltgate.wait_for_exchange();
  CHECK(record["upstream"]["tls"] == true);
  CHECK(record["upstream"]["tls_version"] == "TLSv1.3");
}

TEST_CASE("nothing is sent to a provider whose certificate does not hold", "[connect][tls]") {
  struct Case {
    const char* name;
    Leaf leaf;
    bool trusting;
  };
  for (const Case& one : {Case{"other.example", Leaf::sound, true}, Case{"localhost", Leaf::expired, true},
                          Case{"localhost", Leaf::self_signed, true}, Case{"localhost", Leaf::sound, false}}) {
    OverTls world(one.name, one.leaf, one.trusting);
    auto reply = TestClient::ask(world.siltgate.port(), chat_request(), "Authorization: Bearer sk-secret\r\n");
    INFO(one.name << " " << static_cast<int>(one.leaf) << " " << one.trusting << " " << reply.body);
    CHECK(reply.status == 502);
    CHECK(error_code(reply) == "tls_failed");
    CHECK(reply.field("Proxy-Status").find("tls_certificate_error") != std::string::npos);
    CHECK(world.upstream.requests() == 0);
    CHECK(world.upstream.connections() == 1);  // a second handshake would say the same
    CHECK(reply.body.find("sk-secret") == std::string::npos);
  }
}

TEST_CASE("TLS sessions are resumed on a new connection", "[connect][tls]") {
  Authority authority;
  std::atomic<int> resumed{0};
  auto context = authority.server("localhost");
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("test"), 4);
  SSL_CTX_set_app_data(context.get(), &resumed);
  SSL_CTX_set_info_callback(context.get(), [](const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_DONE) && SSL_session_reused(ssl))
      ++*static_cast<std::atomic<int>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  });
  ScriptedUpstream upstream(
      [](UpstreamExchange& exchange) {
        exchange.answer(200, R"({"object":"list","data":[]})", "application/json", "Connection: close\r\n");
        exchange.close();
      },
      {std::move(context), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                           nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump());
  for (int i = 0; i < 3; ++i) {
    TestClient client(siltgate.port());
    client.get("/v1/models");
    CHECK(client.read_reply().status == 200);
  }
  CHECK(upstream.connections() == 3);
  CHECK(resumed >= 2);
}

TEST_CASE("a TLS stream cut without close_notify is not taken for its end", "[connect][tls]") {
  Authority authority;
  ScriptedUpstream upstream(
      [](UpstreamExchange& exchange) {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + chat_event("one") + chat_finish());
        exchange.reset();
      },
      {authority.server("localhost"), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                           nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}, {"retry", {{"attempts", 1}}}}}}}}).dump());
  auto reply = TestClient::ask(siltgate.port());
  CHECK_FALSE(reply.clean());
}

TEST_CASE("records of TLS that come together all pass, and the end behind them is the end", "[connect][tls]") {
  const std::vector<std::string> pieces(60, "word ");
  Authority authority;
  ScriptedUpstream upstream(
      [&](UpstreamExchange& exchange) {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
        const std::string whole = sse_chat(pieces);
        for (std::size_t at = 0; at < whole.size(); at += 97) exchange.send(whole.substr(at, 97));   // a record each
        exchange.close();
      },
      {authority.server("localhost"), 0});
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                           nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump());
  for (int i = 0; i < 20; ++i) {   // together or one by one, as the threads happen to run
    const auto reply = TestClient::ask(siltgate.port());
    CHECK(reply.clean());
    CHECK(reply.body == sse_chat(pieces));
  }
}

TEST_CASE("a provider is reached through a CONNECT proxy, with credentials where it asks for them", "[connect][proxy]") {
  Authority authority;
  ScriptedUpstream upstream(sound(), {authority.server("api.example"), 0});
  for (std::string credentials : {"", "user:secret"}) {
    ConnectProxy proxy(upstream.port(), {credentials, 0});
    auto url = fmt::format("http://{}127.0.0.1:{}", credentials.empty() ? "" : credentials + "@", proxy.port());
    RunningSiltgate siltgate("https://api.example/v1", nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()},
                                                                                             {"proxy", url}}}}}}).dump());
    for (int i = 0; i < 2; ++i) CHECK(TestClient::ask(siltgate.port()).body == sse_chat({"Hi"}));
    CHECK(proxy.tunnels() == 1);
    REQUIRE(proxy.heads().size() == 1);
    CHECK(proxy.heads()[0].find("CONNECT api.example:443 HTTP/1.1\r\n") == 0);
    CHECK((proxy.heads()[0].find("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=") != std::string::npos) == !credentials.empty());
    CHECK(siltgate.wait_for_exchange()["upstream"]["through_proxy"] == true);
  }
  for (const auto& request : upstream.seen()) CHECK(request.raw_head.find("roxy") == std::string::npos);
}

TEST_CASE("a CONNECT proxy that refuses is named in a 502, its credentials are not", "[connect][proxy]") {
  ScriptedUpstream upstream(sound());
  ConnectProxy proxy(upstream.port(), {"", 403});
  RunningSiltgate siltgate("https://api.example/v1",
                           fmt::format(R"({{"providers": {{"up": {{"proxy": "http://user:secret@127.0.0.1:{}"}}}}}})", proxy.port()));
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(error_code(reply) == "proxy_refused");
  CHECK(reply.body.find(fmt::format("127.0.0.1:{}", proxy.port())) != std::string::npos);
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK(upstream.connections() == 0);
}

TEST_CASE("a client that leaves during the TLS handshake ends it", "[connect][tls]") {
  Listener mute;
  StopSignal stop;
  RunningSiltgate siltgate(fmt::format("https://127.0.0.1:{}/v1", mute.port()));
  TestClient client(siltgate.port());
  client.post_chat();
  Wire wire(mute.accept(stop.fd()));
  client.leave();
  std::string hello;
  End end = End::open;
  while (end == End::open) end = wire.read(hello, soon());
  CHECK((end == End::fin || end == End::reset));
  CHECK(siltgate.wait_for_exchange()["failure"]["cause"] == "client_left");
}

TEST_CASE("a provider that does not finish the TLS handshake is given up after timeouts.connect", "[connect][tls]") {
  Listener mute;
  RunningSiltgate siltgate(fmt::format("https://127.0.0.1:{}/v1", mute.port()),
                           R"({"providers": {"up": {"timeouts": {"connect": "100ms"}, "retry": {"attempts": 1}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 504);
  CHECK(error_code(reply) == "connect_timeout");
}

TEST_CASE("a proxy that hangs up at CONNECT is named, and the provider is not blamed", "[connect][proxy]") {
  for (std::string answer : {"", "HTTP/1.1 200 Conn"}) {
    Listener proxy;
    StopSignal stop;
    const nlohmann::json settings{{"proxy", fmt::format("http://127.0.0.1:{}", proxy.port())}, {"retry", {{"attempts", 1}}}};
    RunningSiltgate siltgate("https://api.example/v1", nlohmann::json({{"providers", {{"up", settings}}}}).dump());
    TestClient client(siltgate.port());
    client.post_chat();
    Wire wire(proxy.accept(stop.fd()));
    std::string seen;
    while (seen.find("\r\n\r\n") == std::string::npos) REQUIRE(wire.read(seen, soon()) == End::open);
    wire.write(answer, soon());
    wire.close();
    const auto reply = client.read_reply();
    CHECK(reply.status == 502);
    CHECK(error_code(reply) == "proxy_refused");
    CHECK(reply.body.find("network: proxy 127.0.0.1") != std::string::npos);
    CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "network");
  }
}

TEST_CASE("what breaks TLS in mid-stream is told in its own words", "[connect][tls]") {
  Authority authority;
  const auto context = authority.server("localhost");
  Listener listener;
  StopSignal stop;
  RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", listener.port()),
                           nlohmann::json({{"providers", {{"up", {{"ca_file", authority.ca_file()}}}}}}).dump());
  TestClient client(siltgate.port());
  client.post_chat();
  Wire wire(listener.accept(stop.fd()));
  REQUIRE(wire.accept_tls(context.get(), soon()) == End::open);
  std::string seen;
  while (seen.find("\r\n\r\n") == std::string::npos) REQUIRE(wire.read(seen, soon()) == End::open);
  const std::string event = chat_event("one");
  wire.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n", event.size(), event), soon());
  client.read_until("one");
  constexpr std::string_view page = "HTTP/1.1 403 Forbidden\r\n\r\n";   // of something between, not inside TLS
  REQUIRE(::send(wire.fd(), page.data(), page.size(), 0) == static_cast<ssize_t>(page.size()));
  const auto reply = client.read_reply();
  CHECK_FALSE(reply.clean());
  CHECK(reply.body.find("is not what upstream's TLS sent") != std::string::npos);
  CHECK(siltgate.wait_for_exchange()["failure"]["system"]["category"] == "tls");
}
