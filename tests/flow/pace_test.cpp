// SPDX-License-Identifier: Apache-2.0
// What the provider says of requests to come: spent quotas, rate headers, tokens used.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/three_in_line.hpp"

using namespace siltgate::test;
using namespace std::chrono_literals;

namespace {

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

/// Z.AI's words for a quota that is back after `wait`; it writes Beijing time without a zone.
std::string quota_body(std::chrono::seconds wait) {
  const auto reset = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + wait + 8h);
  return fmt::format(R"({{"error":{{"code":"1308","message":"Usage limit reached for 5 hour. Your limit will reset at {:%Y-%m-%d %H:%M:%S}"}}}})",
                     fmt::gmtime(reset));
}

Script quota_spent(std::chrono::seconds wait) {
  return [=](UpstreamExchange& exchange) { exchange.answer(429, quota_body(wait)); };
}

constexpr const char* two_keys = R"({"providers": {"up": {"auth": "replace", "keys": {"one": {"value": "key-one-secret"}, "two": {"value": "key-two-secret"}}}}})";

}  // namespace

TEST_CASE("a spent quota turns later requests away at once and says until when", "[pace]") {
  ScriptedUpstream upstream({quota_spent(3h), sound()});
  RunningSiltgate siltgate(upstream);
  const std::string key = "Authorization: Bearer some-key\r\n";
  const auto refused = TestClient::ask(siltgate.port(), chat_request(), key);
  CHECK(refused.status == 429);  // the provider's own word, untouched
  CHECK(refused.body.find("1308") != std::string::npos);
  const auto held = TestClient::ask(siltgate.port(), chat_request(), key);
  CHECK(held.status == 503);
  CHECK(held.body.find("provider: the quota of key #") != std::string::npos);
  CHECK(held.body.find("code 1308: Usage limit reached for 5 hour") != std::string::npos);
  CHECK(held.body.find("UTC, in 3h00m") != std::string::npos);
  CHECK(held.body.find("quota_spent") != std::string::npos);
  const int after = std::stoi(held.field("Retry-After"));
  CHECK(after > 3 * 3600 - 60);
  CHECK(after <= 3 * 3600);
  CHECK(upstream.requests() == 1);
  const auto record = siltgate.wait_for_exchange(2);
  CHECK(record["verdict"]["blame"] == "provider");
  CHECK(record["verdict"]["cause"] == "quota_spent");
  const auto row = siltgate.state()["keys"][0];
  CHECK(row["held_ms"] > 10'000'000);
  CHECK(row["held_reason"].get<std::string>().find("code 1308") != std::string::npos);
}

TEST_CASE("requests that wait when the quota is spent are told so at once", "[pace]") {
  Gate answer;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.wait(answer);
    exchange.answer(429, quota_body(3h));
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
  ThreeInLine line(siltgate, upstream);
  answer.open();
  CHECK(line.first.read_reply().status == 429);
  CHECK(line.second.read_reply().status == 503);
  CHECK(line.third.read_reply().status == 503);
  CHECK(upstream.requests() == 1);
}

TEST_CASE("an answer that began before the quota was spent does not bring it back when it ends", "[pace]") {
  Gate finish;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.request().number > 1) return exchange.answer(429, quota_body(3h));
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    exchange.wait(finish);
    exchange.chunk(sse_chat({"two"}));
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  TestClient early(siltgate.port());
  early.post_chat();
  early.read_until("one");
  CHECK(TestClient::ask(siltgate.port()).status == 429);
  finish.open();
  CHECK(early.read_reply().clean());
  siltgate.wait_for_exchange(2);
  CHECK(TestClient::ask(siltgate.port()).status == 503);
  CHECK(upstream.requests() == 2);
}

TEST_CASE("other keys and what is no inference call are not held by a spent quota", "[pace]") {
  ScriptedUpstream upstream({quota_spent(3h), sound()});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer spent-key\r\n").status == 429);
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer spent-key\r\n").status == 503);
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer other-key\r\n").status == 200);
  TestClient list(siltgate.port());
  list.get("/v1/models", "Authorization: Bearer spent-key\r\n");
  CHECK(list.read_reply().status == 200);
}

TEST_CASE("a configured key whose quota is spent is left for another one", "[pace]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    const bool spent = exchange.request().raw_head.find("key-one-secret") != std::string::npos;
    spent ? exchange.answer(429, quota_body(3h)) : exchange.chat({"Hi"});
  });
  RunningSiltgate siltgate(upstream, two_keys);
  int refused = 0;
  for (int session = 0; session < 12; ++session) {
    const auto fields = fmt::format("x-session-id: ses_{}\r\n", session);
    const auto reply = TestClient::ask(siltgate.port(), chat_request(), fields);
    if (reply.status == 429) ++refused;
    else CHECK(reply.status == 200);
  }
  CHECK(refused == 1);
}

TEST_CASE("a quota that is back before a request has waited too long is waited for", "[pace]") {
  ScriptedUpstream upstream({quota_spent(2s), sound()});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).status == 429);
  const auto start = std::chrono::steady_clock::now();
  CHECK(TestClient::ask(siltgate.port()).status == 200);
  CHECK(std::chrono::steady_clock::now() - start >= 500ms);  // the provider names whole seconds
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a provider that counts aloud is not asked while it has no room", "[pace]") {
  const std::string empty = "x-ratelimit-limit-requests: 100\r\nx-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 40s\r\n";
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream(empty);
                               exchange.chunk(sse_chat({"Hi"}));
                               exchange.end_stream();
                             },
                             sound()});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).status == 200);
  const auto start = std::chrono::steady_clock::now();
  CHECK(TestClient::ask(siltgate.port()).status == 200);
  CHECK(std::chrono::steady_clock::now() - start >= 300ms);  // 40 s for 100 requests: 400 ms for one
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("tokens that an answer names count in place of the estimate, streamed or not", "[pace]") {
  // 1,000 tokens a minute; each request is estimated at some twenty and costs 600, so a second fits not before a minute.
  const std::string limit = R"({"providers": {"up": {"limits": {"tokens_per_minute": 1000}}}})";
  const std::string usage = R"("usage":{"prompt_tokens":500,"completion_tokens":600})";
  const std::string whole = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],)" + usage + "}";
  for (const bool streamed : {true, false}) {
    ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
      if (!streamed) return exchange.answer(200, whole);
      exchange.start_stream();
      exchange.chunk(chat_event("Hi"));
      exchange.chunk("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]," + usage + "}\n\n");
      exchange.end_stream();
    });
    RunningSiltgate siltgate(upstream, limit);
    const std::string request = streamed ? chat_request() : R"({"model":"glm-4.7","messages":[{"role":"user","content":"hi"}]})";
    CHECK(TestClient::ask(siltgate.port(), request).status == 200);
    CHECK(siltgate.wait_for_exchange()["in_tokens"] == 500);
    TestClient second(siltgate.port());
    second.post_chat(request);
    CHECK(siltgate.wait_for_waiting(1));
    CHECK(upstream.requests() == 1);
  }
}
