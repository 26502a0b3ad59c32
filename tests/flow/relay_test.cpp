// SPDX-License-Identifier: Apache-2.0
// Sound answers on their way to the client: streams and whole bodies, repaired finish reasons, slow readers.
#include <fmt/format.h>

#include <array>
#include <atomic>

#include "flow/broken_streams.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

Reply relayed(const std::string& body, const std::string& request, const std::string& type = "application/json") {
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(200, body, type); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 1}}}})");
  return TestClient::ask(siltgate.port(), request);
}

const std::string no_stream = chat_request("Hi", "glm-4.6", false);

}  // namespace

TEST_CASE("each event is delivered when it comes, not when the next one does", "[relay]") {
  std::array<Gate, 3> gates;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (std::size_t i = 0; i < gates.size(); ++i) {
      exchange.chunk(chat_event("piece " + std::to_string(i)));
      if (!exchange.wait(gates[i])) return;
    }
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  for (std::size_t i = 0; i < gates.size(); ++i) {
    CHECK(client.read_until("piece " + std::to_string(i)).chunks.size() == i + 1);
    gates[i].open();
  }
  CHECK(client.read_reply().clean());
}

TEST_CASE("a stream framed by length or by close is relayed as a whole one", "[relay]") {
  const std::string stream = sse_chat({"Hello", " world"});
  CHECK(relayed(stream, chat_request(), "text/event-stream; charset=utf-8").body == stream);
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.send("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream\r\n\r\n" + stream);
    exchange.close();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.clean());
  CHECK(reply.body == stream);
}

TEST_CASE("a missing [DONE] after a finish reason is no failure", "[relay]") {
  auto reply = relayed(chat_event("Hi") + chat_finish(), chat_request(), "text/event-stream");
  CHECK(reply.clean());
  CHECK(reply.body == chat_event("Hi") + chat_finish());
}

TEST_CASE("an empty stream passes where the user does not want its end checked", "[relay]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"validate": {"finish": "pass"}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 200);
  CHECK(reply.clean());
  CHECK(reply.body.empty());
}

TEST_CASE("a break after the proper end is no failure for the client", "[relay]") {
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(sse_chat({"Hi"}));
    exchange.close();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.body == sse_chat({"Hi"}));
  CHECK(upstream.requests() == 1);
}

TEST_CASE("the finish reason sensitive is repaired to content_filter", "[relay]") {
  const std::string stream = chat_event("Hi") + chat_finish("sensitive") + std::string(chat_done);
  auto reply = relayed(stream, chat_request(), "text/event-stream");
  CHECK(reply.clean());
  CHECK(reply.body == replaced(stream, "\"sensitive\"", "\"content_filter\""));
}

TEST_CASE("comments, CR LF, a BOM and unknown fields are delivered as they came", "[relay]") {
  std::string stream = "\xef\xbb\xbf: OPENROUTER PROCESSING\r\n\r\n\r\nid: 7\r\nretry: 100\r\nevent: x\r\n" +
                       replaced(chat_event("Hi"), "data: ", "data:") + "event: ping\r\ndata: {\"type\":\"ping\"}\r\n\r\n" + chat_finish();
  auto reply = relayed(stream, chat_request(), "text/event-stream");
  CHECK(reply.clean());
  CHECK(reply.body == stream);
}

TEST_CASE("an answer that is no stream is delivered byte for byte", "[relay]") {
  const std::string body = "{ \"id\":\"1\",\t\"object\":\"chat.completion\",\n \"choices\":[{\"index\":0,\"message\":"
                           "{\"role\":\"assistant\",\"content\":\"H\\u00ef \xc3\xa9\"},\"finish_reason\":\"stop\"}],\"extra\":null}\n\n";
  auto reply = relayed(body, no_stream);
  CHECK(reply.status == 200);
  CHECK(reply.body == body);
  CHECK(reply.field("Content-Length") == std::to_string(body.size()));
  CHECK(reply.clean());
}

TEST_CASE("a damaged answer that is no stream is 502 and nothing of it is delivered", "[relay][failing]") {
  const std::string sound = R"({"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})";
  for (std::string body : {sound.substr(0, 80), replaced(sound, "Hello", "\xe4\xbd"), std::string("<html>Hello</html>"), std::string(), sound + sound}) {
    auto reply = relayed(body, no_stream);
    INFO(body);
    CHECK(reply.status == 502);
    CHECK(nlohmann::json::parse(reply.body)["error"]["code"] == "damaged");
    CHECK(reply.body.find("Hello") == std::string::npos);
  }
}

TEST_CASE("a page in place of an answer fails by its type also where broken JSON may pass", "[relay][failing]") {
  const auto ask = [](const std::string& body, const std::string& type, const std::string& actions) {
    ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(200, body, type); });
    RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 1}}}, "validate": {)" + actions + "}}");
    const auto reply = TestClient::ask(siltgate.port(), no_stream);
    const auto exchange = siltgate.wait_for_exchange();
    std::string said = std::to_string(reply.status);
    for (const auto& finding : exchange["findings"])
      said += " " + finding["check"].get<std::string>() + "=" + finding["action"].get<std::string>();
    return said;
  };
  const std::string page = "\n<html>Please log in</html>", broken = R"({"choices":[{"message":)";
  CHECK(ask(page, "text/html", R"("json": "flag")") == "502 json=flag content_type=reject");
  CHECK(ask(page, "application/json", R"("json": "pass")") == "502 content_type=reject");
  CHECK(ask(page, "text/html", R"("json": "flag", "content_type": "flag")") == "200 json=flag content_type=flag");
  CHECK(ask(page, "text/html", R"("json": "flag", "content_type": "pass")") == "200 json=flag");
  CHECK(ask(page, "text/html", "") == "502 json=reject content_type=reject");
  CHECK(ask(broken, "application/json", R"("json": "flag")") == "200 json=flag");
  CHECK(ask(broken, "text/plain", R"("json": "flag")") == "200 json=flag");
  CHECK(ask(R"({"choices":[]})", "text/html", R"("json": "flag")") == "200");
}

TEST_CASE("an answer that is no stream and breaks off is tried again", "[relay][retry]") {
  const std::string body = R"({"id":"1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]})";
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                                         body.size(), body.substr(0, 20)));
                               exchange.close();
                             },
                             [&](UpstreamExchange& exchange) { exchange.answer(200, body); }});
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port(), no_stream).body == body);
}

TEST_CASE("an answer over limits.response_body is 502", "[relay]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, "\"" + std::string(5000, 'x') + "\""); });
  RunningSiltgate siltgate(upstream, R"({"limits": {"response_body": "1KiB"}, "providers": {"up": {"retry": {"attempts": 1}}}})");
  CHECK(TestClient::ask(siltgate.port(), no_stream).status == 502);
}

// For megabytes of one letter: their text is not the matter here, and a sanitizer build would look at it for a minute.
constexpr std::string_view bytes_alone = R"({"validate": {"garble": "pass"}, "capture": {"mode": "off"}})";

TEST_CASE("a slow reader stops the reading upstream, and everything arrives in the end", "[relay]") {
  constexpr int count = 1500;
  const std::string event = chat_event(std::string(16'000, 'x'));
  std::atomic<int> sent{0};
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (; sent < count && !exchange.peer_left(); ++sent) exchange.chunk(event);
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, bytes_alone);
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_head();
  Gate never;
  for (int before = -1; before != sent;) {  // until nothing moves any more
    before = sent;
    never.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(150));
  }
  const auto stalled_at = static_cast<std::size_t>(sent) * event.size();
  INFO("stalled after " << stalled_at << " of " << count * event.size() << " bytes, most of them in the system's socket buffers");
  CHECK(stalled_at < 12'000'000);
  auto reply = client.read_reply();
  CHECK(reply.clean());
  std::string expected;
  for (int i = 0; i < count; ++i) expected += event;
  CHECK((reply.body == expected + chat_finish()));
}
