// SPDX-License-Identifier: Apache-2.0
// Refusals and lost attempts: what is tried again without the client noticing, and what passes through untouched.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/three_in_line.hpp"

using namespace siltgate::test;
using std::chrono::milliseconds;

namespace {

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

Script refusing(int status, std::string body, std::string fields = {}) {
  return [=](UpstreamExchange& exchange) { exchange.answer(status, body, "application/json", fields); };
}

std::string error_of(std::string_view code, std::string_view message = "no") {
  return fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})", code, message);
}

milliseconds since(Deadline start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace

TEST_CASE("a client sees 200 after two refusals for concurrency", "[retry]") {
  const std::string soon_again = "retry-after-ms: 20\r\n";
  const std::string refusal(refusal_1302);
  ScriptedUpstream upstream({refusing(429, refusal, soon_again), refusing(429, refusal, soon_again), sound()});
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 200);
  CHECK(reply.clean());
  CHECK(reply.body == sse_chat({"Hi"}));
  CHECK(upstream.requests() == 3);
  for (const auto& request : upstream.seen()) CHECK(request.body == chat_request());
  auto record = siltgate.wait_for_exchange();
  CHECK(record["attempts"].size() == 3);
  CHECK(record["attempts"][0]["refusal"] == "concurrency");
  CHECK(record["attempts"][0]["code"] == "1302");
  CHECK(record["verdict"]["blame"] == "intact");
}

TEST_CASE("quota, account, auth and request errors pass through at once, status and body untouched", "[retry]") {
  struct Case {
    int status;
    std::string body;
  };
  const Case cases[] = {{429, error_of("1308", "Your limit will reset at 2126-09-09 05:38:28")},
                        {429, error_of("1113", "Insufficient balance")},
                        {401, error_of("1000", "Authentication Failed")},
                        {400, error_of("1210", "bad parameter")}};
  for (const Case& one : cases) {
    ScriptedUpstream upstream({refusing(one.status, one.body, "X-Theirs: 1\r\nx-request-id: req-7\r\n"), sound()});
    RunningSiltgate siltgate(upstream);
    auto reply = TestClient::ask(siltgate.port());
    INFO(one.body);
    CHECK(reply.status == one.status);
    CHECK(reply.body == one.body);
    CHECK(reply.clean());
    CHECK(reply.field("Content-Type") == "application/json");
    CHECK(reply.field("X-Theirs") == "1");
    CHECK(reply.field("x-request-id") == "req-7");
    CHECK(upstream.requests() == 1);
    CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "provider");
  }
}

TEST_CASE("a refusal passes through untouched once the attempts are used up", "[retry]") {
  ScriptedUpstream upstream(refusing(429, std::string(refusal_1302), "retry-after-ms: 5\r\n"));
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 3}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 429);
  CHECK(reply.body == refusal_1302);
  CHECK(reply.field("retry-after-ms") == "5");
  CHECK(upstream.requests() == 3);
}

TEST_CASE("the wait a provider asks for is obeyed", "[retry]") {
  for (auto [field, least, most] : {std::tuple("retry-after-ms: 300\r\n", 300, 900), std::tuple("Retry-After: 1\r\n", 1000, 1900),
                                    std::tuple("Retry-After: 0\r\n", 0, 400)}) {
    ScriptedUpstream upstream({refusing(429, error_of("1303"), field), sound()});
    RunningSiltgate siltgate(upstream);
    auto start = std::chrono::steady_clock::now();
    CHECK(TestClient::ask(siltgate.port()).status == 200);
    INFO(field << "took " << since(start).count() << " ms");
    CHECK(since(start) >= milliseconds(least));
    CHECK(since(start) <= milliseconds(most));
  }
}

TEST_CASE("a refusal that asks for a longer wait than the queue allows is passed on", "[retry]") {
  ScriptedUpstream upstream({refusing(429, std::string(refusal_1302), "Retry-After: 3\r\n"), sound()});
  RunningSiltgate siltgate(upstream, R"({"limits": {"queue": {"max_wait": "1s"}}})");
  const auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 429);
  CHECK(reply.body == refusal_1302);
  CHECK(reply.field("Retry-After") == "3");
}

TEST_CASE("a refusal that is passed on is not met again by those behind it", "[retry]") {
  const bool as_event = GENERATE(false, true);   // an error as the only event of a stream says the same
  CAPTURE(as_event);
  Gate answer;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    if (exchange.request().number > 1) return exchange.chat({"Hi"});
    exchange.wait(answer);
    if (!as_event) return exchange.answer(429, refusal_1302, "application/json", "Retry-After: 2\r\n");
    exchange.start_stream("Retry-After: 2\r\n");
    exchange.chunk("data: " + std::string(refusal_1302) + "\n\n");
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"limits": {"queue": {"max_wait": "1s"}}, "providers": {"up": {"limits": {"concurrency": 1}}}})");
  ThreeInLine line(siltgate, upstream);
  answer.open();
  CHECK(line.first.read_reply().status == (as_event ? 200 : 429));
  for (TestClient* behind : {&line.second, &line.third}) {
    const auto reply = behind->read_reply();
    CHECK(reply.status == 503);
    CHECK(reply.field("Retry-After") != "");
  }
  CHECK(upstream.requests() == 1);
  CHECK(siltgate.state()["keys"][0]["held_ms"] > 0);
}

TEST_CASE("a refusal holds everybody on its key until the wait is over, and the refused one goes first", "[retry]") {
  ScriptedUpstream upstream({refusing(429, std::string(refusal_1302), "retry-after-ms: 200\r\n"), sound()});
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat(chat_request("first"));
  CHECK(upstream.wait_for_requests(1));
  second.post_chat(chat_request("second"));
  CHECK(first.read_reply().status == 200);
  CHECK(second.read_reply().status == 200);
  const auto seen = upstream.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].body == chat_request("first"));
  CHECK(seen[2].body == chat_request("second"));
}

TEST_CASE("a provider's 500 is tried again", "[retry]") {
  ScriptedUpstream upstream({refusing(500, error_of("500", "internal"), "retry-after-ms: 5\r\n"), sound()});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).status == 200);
  CHECK(upstream.requests() == 2);
}

TEST_CASE("an error as the first event is tried again like a refusing status", "[retry]") {
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) {
                               exchange.start_stream("retry-after-ms: 5\r\n");
                               exchange.chunk("data: " + std::string(refusal_1302) + "\n\n");
                               exchange.end_stream();
                             },
                             sound()});
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 200);
  CHECK(reply.body == sse_chat({"Hi"}));
  CHECK(upstream.requests() == 2);
  CHECK(siltgate.wait_for_exchange()["attempts"][0]["code"] == "1302");
}

TEST_CASE("errors of every shape inside a stream are classed and tried again before anything was delivered", "[retry]") {
  struct Shape {
    std::string_view path, event, klass;
  };
  const std::string_view chat = "/v1/chat/completions", messages = "/v1/messages", responses = "/v1/responses";
  const Shape shapes[] = {
      {chat, "event: error\ndata: {\"error\":{\"code\":\"1302\",\"message\":\"no\"}}\n\n", "concurrency"},
      {chat, "error: {\"code\":1305,\"message\":\"overloaded\"}\n\n", "overloaded"},
      {chat, "data: {\"code\":500,\"msg\":\"busy\",\"success\":false}\n\n", "transient"},
      {chat, ": a comment first\n\ndata: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n", "transient"},
      {messages, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", "overloaded"},
      {responses, "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\",\"sequence_number\":0}\n\n", "transient"},
  };
  for (const Shape& shape : shapes) {
    ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
      if (exchange.request().number > 1) return exchange.answer(400, error_of("1210"));  // ends it, whatever the dialect
      exchange.start_stream("retry-after-ms: 5\r\n");
      exchange.chunk(shape.event);
      exchange.end_stream();
    });
    RunningSiltgate siltgate(upstream);
    INFO(shape.event);
    CHECK(TestClient::ask(siltgate.port(), chat_request(), {}, shape.path).status == 400);
    CHECK(upstream.requests() == 2);
    CHECK(siltgate.wait_for_exchange()["attempts"][0]["refusal"] == shape.klass);
  }
}

TEST_CASE("an error as the first event of a class that is not tried again is delivered as it came", "[retry]") {
  const std::string event = "data: " + error_of("1113", "Insufficient balance") + "\n\n";
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(event);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(upstream.requests() == 1);
  CHECK(reply.body == event);
  CHECK(siltgate.wait_for_exchange()["verdict"]["blame"] == "provider");
}

TEST_CASE("a stream of nothing but an error field, which clients skip, is an HTTP error in the provider's words", "[retry]") {
  const std::string field = "error: {\"code\":\"1113\",\"message\":\"Insufficient balance\"}\n\n";
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(field);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);  // as a 200 it would be an answer without an end, which agents ask for again at once
  CHECK(reply.body.find("Insufficient balance") != std::string::npos);
  CHECK(upstream.requests() == 1);
  CHECK(siltgate.wait_for_exchange()["attempts"][0]["refusal"] == "account");
  CHECK(siltgate.wait_for_exchange()["verdict"]["cause"] == "account");
}

TEST_CASE("a 200 with an error body is tried again by its code", "[retry]") {
  ScriptedUpstream upstream({refusing(200, std::string(refusal_1302), "retry-after-ms: 5\r\n"), sound()});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).body == sse_chat({"Hi"}));
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a refused connection is 502 after the attempts", "[retry][connect]") {
  std::uint16_t closed_port = Listener().port();
  RunningSiltgate siltgate(fmt::format("http://127.0.0.1:{}/v1", closed_port),
                           R"({"providers": {"up": {"retry": {"attempts": 2}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(reply.clean());
  CHECK(nlohmann::json::parse(reply.body)["error"]["code"] == "connect_failed");
  CHECK(reply.body.find(". siltgate tried 2 times. [sg_") != std::string::npos);
  CHECK(reply.body.find("\"provider: 127.0.0.1:") != std::string::npos);   // as the verdict below
  CHECK(reply.field("Proxy-Status").find("connection_refused") != std::string::npos);
  auto record = siltgate.wait_for_exchange();
  CHECK(record["attempts"].size() == 2);
  CHECK(record["verdict"]["blame"] == "provider");  // its machine answered, its port refused
}

TEST_CASE("no retry is made after the client has left", "[retry]") {
  ScriptedUpstream upstream(refusing(429, std::string(refusal_1302), "retry-after-ms: 100\r\n"));
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  CHECK(upstream.wait_for_requests(1));
  CHECK(siltgate.wait_for_waiting(1));
  client.leave();
  CHECK(siltgate.wait_for_exchange()["failure"]["cause"] == "client_left");
  CHECK(upstream.requests() == 1);
}
