// SPDX-License-Identifier: Apache-2.0
// Streams that break: what came before stays, nothing damaged follows, and the end is never clean.
#include <fmt/format.h>

#include "flow/broken_streams.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* old_opencode = "User-Agent: opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5\r\n";
constexpr const char* new_opencode = "User-Agent: opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14\r\n";

/// One exchange: `first` is delivered, then the script goes on to the break.
struct Broken {
  Reply reply;
  nlohmann::json record;
};

Broken broken(const std::function<void(UpstreamExchange&)>& end, std::string_view fields, std::string_view changes = "{}") {
  Gate delivered;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (exchange.wait(delivered)) end(exchange);
  });
  RunningSiltgate siltgate(upstream, changes);
  TestClient client(siltgate.port());
  client.post_chat(chat_request(), fields);
  client.read_until("one");
  delivered.open();
  Broken out{client.read_reply(), {}};
  out.record = siltgate.wait_for_exchange();
  CHECK(upstream.requests() == 1);  // never again after a delivered byte
  return out;
}

/// The error object of the one event behind `before`; throws when there is anything else.
nlohmann::json error_behind(const std::string& body, const std::string& before) {
  if (body.compare(0, before.size(), before) != 0) throw std::runtime_error("does not begin as expected: " + body);
  const std::string event = body.substr(before.size());
  if (event.compare(0, 6, "data: ") != 0 || event.find("\n\n") != event.size() - 2)
    throw std::runtime_error("not one event: " + event);
  return nlohmann::json::parse(event.substr(6)).at("error");
}

void check_error_event(const Broken& out, const std::string& before, std::string_view code) {
  CHECK(out.reply.status == 200);
  CHECK_FALSE(out.reply.clean());
  CHECK(out.reply.body.find(chat_done) == std::string::npos);
  auto error = error_behind(out.reply.body, before);
  CHECK(error["type"] == "server_error");
  CHECK(error["code"] == code);
  CHECK(error["param"].is_null());
  CHECK(error["message"].get<std::string>().find("[" + out.reply.field("siltgate-id") + "]") != std::string::npos);
}

}  // namespace

TEST_CASE("a stream cut after its first event ends in one error event and no clean end", "[failing]") {
  for (const Cut& cut : cuts()) {
    INFO(cut.what);
    check_error_event(broken(cut.end, new_opencode), chat_event("one"), cut.code);
  }
}

TEST_CASE("a client has a moment to read the error event before the connection ends", "[failing]") {
  Gate delivered;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (exchange.wait(delivered)) exchange.reset();
  });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat(chat_request(), new_opencode);
  client.read_until("one");
  const auto broke = std::chrono::steady_clock::now();
  delivered.open();
  const Reply reply = client.read_reply();
  CHECK(reply.body.find("upstream_reset") != std::string::npos);
  CHECK_FALSE(reply.clean());
  CHECK(std::chrono::steady_clock::now() - broke >= std::chrono::milliseconds(500));
  CHECK(siltgate.state()["in_flight"] == 0);
}

TEST_CASE("a stream cut after its first event is cut for opencode 1.1 too, with nothing added", "[failing]") {
  for (const Cut& cut : cuts()) {
    INFO(cut.what);
    auto out = broken(cut.end, old_opencode);
    CHECK(out.reply.status == 200);
    CHECK(out.reply.field("Connection") == "close");
    CHECK_FALSE(out.reply.clean());
    CHECK(out.reply.body == chat_event("one"));
  }
}

TEST_CASE("stream_failure overrules the choice by User-Agent", "[failing]") {
  const auto cut = [](UpstreamExchange& exchange) { exchange.close(); };
  check_error_event(broken(cut, old_opencode, R"({"stream_failure": "error_event"})"), chat_event("one"), "upstream_closed");
  auto out = broken(cut, new_opencode, R"({"stream_failure": "abort"})");
  CHECK(out.reply.body == chat_event("one"));
  CHECK_FALSE(out.reply.clean());
}

TEST_CASE("nothing of a damaged event is delivered, and what came before it is", "[failing]") {
  for (const Damage& damage : damages()) {
    INFO(damage.what);
    auto send = [&](UpstreamExchange& exchange) {
      exchange.chunk(chat_event("two") + damage.bytes + chat_finish() + std::string(chat_done));
      exchange.end_stream();
    };
    auto out = broken(send, new_opencode);
    check_error_event(out, chat_event("one") + chat_event("two"), "damaged");
    CHECK(out.record["verdict"]["blame"] == "provider");
    REQUIRE_FALSE(out.record["findings"].empty());
    CHECK(out.record["findings"][0]["check"] == damage.check);
    auto plain = broken(send, old_opencode);
    CHECK(plain.reply.body == chat_event("one") + chat_event("two"));
    CHECK_FALSE(plain.reply.clean());
  }
}

TEST_CASE("damage is found byte by byte as well, with nothing of it delivered", "[failing]") {
  for (const Damage& damage : damages()) {
    INFO(damage.what);
    auto out = broken(
        [&](UpstreamExchange& exchange) {
          for (char c : damage.bytes) exchange.chunk(std::string(1, c));
          exchange.chunk(chat_finish());
          exchange.end_stream();
        },
        new_opencode);
    check_error_event(out, chat_event("one"), "damaged");
  }
}

TEST_CASE("whatever breaks before the first delivered event is tried again and the client sees a sound answer", "[failing][retry]") {
  std::vector<std::function<void(UpstreamExchange&)>> breaks;
  std::vector<std::string> names;
  for (const Damage& damage : damages()) {
    if (!damage.alone) continue;
    names.emplace_back(damage.what);
    breaks.emplace_back([&](UpstreamExchange& exchange) {
      exchange.start_stream();
      exchange.chunk(": a comment\n\n" + damage.bytes + chat_finish());
      exchange.end_stream();
    });
  }
  for (const Cut& cut : cuts()) {
    names.emplace_back(cut.what);
    breaks.emplace_back([&](UpstreamExchange& exchange) {
      exchange.start_stream();
      exchange.chunk(": a comment\n\n" + chat_event("lost").substr(0, 30));
      cut.end(exchange);
    });
  }
  // Which break a request gets is in its model's name, so that each has a quota of its own.
  std::mutex mutex;
  std::set<std::string> broken_once;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    const std::string model = nlohmann::json::parse(exchange.request().body)["model"];
    std::unique_lock lock(mutex);
    const bool first = broken_once.insert(model).second;
    lock.unlock();
    first ? breaks.at(std::stoul(model.substr(1)))(exchange) : exchange.chat({"sound"});
  });
  RunningSiltgate siltgate(upstream);
  std::list<TestClient> clients;
  for (std::size_t i = 0; i < breaks.size(); ++i)
    clients.emplace_back(siltgate.port()).post_chat(chat_request("Hi", "m" + std::to_string(i)));
  std::size_t i = 0;
  for (TestClient& client : clients) {
    auto reply = client.read_reply();
    INFO(names[i++]);
    CHECK(reply.status == 200);
    CHECK(reply.clean());
    CHECK(reply.body == sse_chat({"sound"}));
  }
  CHECK(upstream.requests() == static_cast<int>(2 * breaks.size()));
}

TEST_CASE("damage that goes on is 502 after the attempts", "[failing][retry]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk("data: {\"id\":\n\n");
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"retry": {"attempts": 2}}}})");
  auto reply = TestClient::ask(siltgate.port());
  CHECK(reply.status == 502);
  CHECK(reply.clean());
  CHECK(nlohmann::json::parse(reply.body)["error"]["code"] == "damaged");
  CHECK(upstream.requests() == 2);
}

TEST_CASE("a silent stream is given up after timeouts.idle", "[failing]") {
  auto out = broken([](UpstreamExchange& exchange) { exchange.stall(); }, new_opencode,
                    R"({"providers": {"up": {"timeouts": {"idle": "100ms"}}}})");
  check_error_event(out, chat_event("one"), "upstream_silent");
  CHECK(out.record["verdict"]["blame"] != "client");
}

TEST_CASE("an Anthropic client gets the error as an Anthropic event", "[failing]") {
  const auto events = message_events("Hi");
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    for (int i = 0; i < 3; ++i) exchange.chunk(events[i]);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  auto reply = TestClient::ask(siltgate.port(), chat_request(), "", "/v1/messages");
  CHECK_FALSE(reply.clean());
  const std::string before = events[0] + events[1] + events[2];
  REQUIRE(reply.body.compare(0, before.size(), before) == 0);
  const std::string event = reply.body.substr(before.size());
  REQUIRE(event.compare(0, 20, "event: error\ndata: {") == 0);
  auto error = nlohmann::json::parse(event.substr(event.find('{')));
  CHECK(error["type"] == "error");
  CHECK(error["error"]["type"].is_string());
}

TEST_CASE("a provider's error in mid-stream is delivered as it came, and no clean success follows", "[failing]") {
  const std::string error = "data: " + std::string(refusal_1302) + "\n\n";
  auto out = broken(
      [&](UpstreamExchange& exchange) {
        exchange.chunk(error);
        exchange.end_stream();
      },
      new_opencode);
  CHECK(out.reply.body.find(chat_event("one") + error) == 0);
  CHECK(out.reply.body.find("[DONE]") == std::string::npos);
  CHECK(out.record["verdict"]["blame"] == "provider");
}
