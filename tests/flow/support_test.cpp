// SPDX-License-Identifier: Apache-2.0
// The instruments of the flow tests, tried on each other without siltgate between them.
#include "support/catch.hpp"
#include "support/connect_proxy.hpp"
#include "support/scripted_upstream.hpp"
#include "support/test_client.hpp"

using namespace siltgate::test;

TEST_CASE("a streamed chat arrives with its chunk borders", "[support]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hello", " world"}); });
  TestClient client(upstream.port());
  for (int round = 1; round <= 2; ++round) {
    client.post_chat();
    auto reply = client.read_reply();
    CHECK(reply.status == 200);
    CHECK(reply.clean());
    CHECK(reply.body == sse_chat({"Hello", " world"}));
    CHECK(reply.chunks == chat_events({"Hello", " world"}));
  }
  CHECK(upstream.connections() == 1);
  CHECK(upstream.requests() == 2);
  CHECK(upstream.seen()[1].on_connection == 2);
  CHECK(upstream.seen()[0].body == chat_request());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("a stream stops at a gate and ends as the script says", "[support]") {
  Gate gate;
  auto start = [&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    exchange.wait(gate);
  };
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) { start(exchange); exchange.close(); },
                             [&](UpstreamExchange& exchange) { start(exchange); exchange.reset(); }});
  for (End expected : {End::fin, End::reset}) {
    TestClient client(upstream.port());
    client.post_chat();
    CHECK(client.read_until("one").chunks.size() == 1);
    gate.open();
    auto reply = client.read_reply();
    CHECK_FALSE(reply.clean());
    CHECK(reply.end == expected);
    CHECK(reply.body == chat_event("one"));
  }
}

TEST_CASE("requests over the cap are refused as Z.AI does", "[support]") {
  Gate gate;
  UpstreamOptions options;
  options.cap = 1;
  ScriptedUpstream upstream(
      [&](UpstreamExchange& exchange) {
        exchange.start_stream();
        exchange.wait(gate);
        exchange.end_stream();
      },
      std::move(options));
  TestClient first(upstream.port());
  first.post_chat();
  first.read_head();
  auto second = TestClient::ask(upstream.port());
  CHECK(second.status == 429);
  CHECK(second.body == refusal_1302);
  CHECK(upstream.in_flight() == 1);
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(upstream.wait_until_idle());
  CHECK(TestClient::ask(upstream.port()).status == 200);
  CHECK(upstream.max_in_flight() == 1);
  CHECK(upstream.refused() == 1);
}

TEST_CASE("an upstream sees its client leave, and a client that left is in flight no more", "[support]") {
  UpstreamOptions options;
  options.cap = 1;
  Gate left;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               if (exchange.stall()) left.open();
                             },
                             [](UpstreamExchange& exchange) { exchange.answer(200, "{}"); }},
                            std::move(options));
  TestClient client(upstream.port());
  client.post_chat();
  client.read_head();
  client.leave();
  CHECK(TestClient::ask(upstream.port()).status == 200);
  CHECK(left.wait());
}

TEST_CASE("a script may stall or say nothing when the test ends", "[support]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.stall(); });
  TestClient client(upstream.port());
  client.post_chat();
  CHECK(upstream.wait_for_requests(1));
  CHECK_THROWS_AS(client.read_head(std::chrono::steady_clock::now()), TooLate);
}

TEST_CASE("TLS upstreams have sound, wrongly named and expired certificates", "[support]") {
  Authority authority;
  auto trust = authority.client();
  auto tried = [&](const std::string& name, Authority::Leaf leaf) {
    ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }, {authority.server(name, leaf), 0});
    try {
      TestClient client(upstream.port(), trust.get(), "localhost");
      client.post_chat();
      auto reply = client.read_reply();
      return reply.clean() && reply.body == sse_chat({"Hi"});
    } catch (const TooLate&) {
      throw;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  CHECK(tried("localhost", Authority::Leaf::sound));
  CHECK_FALSE(tried("other.example", Authority::Leaf::sound));
  CHECK_FALSE(tried("localhost", Authority::Leaf::expired));
  CHECK_FALSE(tried("localhost", Authority::Leaf::self_signed));
}

TEST_CASE("a CONNECT proxy tunnels, asks for credentials and refuses", "[support]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, "{}"); });
  ConnectProxy proxy(upstream.port(), {"user:secret", 0});
  TestClient stranger(proxy.port());
  stranger.send("CONNECT api.z.ai:443 HTTP/1.1\r\nHost: api.z.ai:443\r\n\r\n");
  CHECK(stranger.read_reply().status == 407);
  TestClient client(proxy.port());
  client.send("CONNECT api.z.ai:443 HTTP/1.1\r\nHost: api.z.ai:443\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n");
  CHECK(client.read_head().status == 200);
  CHECK(proxy.tunnels() == 1);
  CHECK(proxy.heads().size() == 2);
}

TEST_CASE("chunk borders and cuts are chosen by the test", "[support]") {
  CHECK(chunked({"ab", "c"}) == "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  CHECK(chunked({"ab"}, false) == "2\r\nab\r\n");
  CHECK(cut_at("abcdef", {2, 5}) == std::vector<std::string>{"ab", "cde", "f"});
  CHECK(joined(cut_at(sse_chat({"x"}), {1, 7})) == sse_chat({"x"}));
}
