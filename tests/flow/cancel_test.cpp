// SPDX-License-Identifier: Apache-2.0
// What the operator does through the admin paths while exchanges run, and the time siltgate takes for itself.
#include <algorithm>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* cap_one = R"({"providers": {"up": {"limits": {"concurrency": 1}}}})";

std::string token_of(std::uint16_t port) {
  TestClient client(port);
  client.get("/-/");
  const std::string page = client.read_reply().body, mark = "name=\"siltgate-token\" content=\"";
  const auto at = page.find(mark) + mark.size();
  return page.substr(at, page.find('"', at) - at);
}

/// As the dashboard posts.
int post(std::uint16_t port, const std::string& path, std::string_view body = "") {
  TestClient client(port);
  client.post("/-/" + path, body, "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\nsiltgate-token: " + token_of(port) + "\r\n");
  return client.read_reply().status;
}

std::string id_of(const RunningSiltgate& siltgate, const char* list) { return siltgate.state()[list].at(0)["id"]; }

}  // namespace

TEST_CASE("a cancelled stream is cut without an end, its permit goes to the next, and siltgate says it did it", "[cancel]") {
  Gate never;
  ScriptedUpstream upstream({held_by(never), [](UpstreamExchange& exchange) { exchange.chat({"second"}); }});
  RunningSiltgate siltgate(upstream, cap_one);
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat(chat_request("other"));
  REQUIRE(siltgate.wait_for_waiting(1));
  CHECK(post(siltgate.port(), "api/exchanges/" + id_of(siltgate, "live") + "/cancel") == 202);
  const auto cut = first.read_reply();
  CHECK_FALSE(cut.clean());
  CHECK(cut.body.find(chat_event("one")) == 0);
  CHECK(cut.body.find("[DONE]") == std::string::npos);
  CHECK(second.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
  siltgate.wait_for_exchange(2);
  const auto record = siltgate.exchanges().at(1);
  CHECK(record["verdict"]["blame"] == "siltgate");
  CHECK(record["verdict"]["cause"] == "cancelled");
  CHECK(record["verdict"]["certainty"] == "certain");
}

TEST_CASE("a stream that its client leaves, or that siltgate cuts, is no damaged answer", "[cancel]") {
  Gate never;
  ScriptedUpstream upstream({held_by(never), held_by(never)});
  RunningSiltgate siltgate(upstream);
  {
    TestClient leaves(siltgate.port());
    leaves.post_chat();
    leaves.read_until("one");
  }
  CHECK(siltgate.wait_for_exchange()["findings"].empty());
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until("one");
  CHECK(post(siltgate.port(), "api/exchanges/" + id_of(siltgate, "live") + "/cancel") == 202);
  CHECK_FALSE(client.read_reply().clean());
  CHECK(siltgate.wait_for_exchange(1)["findings"].empty());
}

TEST_CASE("a stream that is cancelled while its client does not read gets nothing behind the bytes that are missing", "[cancel]") {
  const std::vector<std::string> pieces(2000, healthy_text(1000));   // more than the kernel keeps for a client
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.chat(pieces); });
  RunningSiltgate siltgate(upstream, R"({"stream_failure": "error_event"})");
  TestClient client(siltgate.port());
  client.shrink_receive_buffer();
  client.post_chat();
  client.read_head();
  CHECK(post(siltgate.port(), "api/exchanges/" + id_of(siltgate, "live") + "/cancel") == 202);
  const auto cut = client.read_reply();
  CHECK(siltgate.wait_for_exchange(1)["failure"]["cause"] == "cancelled");
  CHECK_FALSE(cut.clean());
  const std::string sent = sse_chat(pieces);
  const auto differs = static_cast<std::size_t>(std::mismatch(cut.body.begin(), cut.body.end(), sent.begin(), sent.end()).first - cut.body.begin());
  const std::string last_words = cut.body.substr(differs);   // none, unless the client's socket had room when it was cancelled
  CHECK((last_words.empty() || (cut.body.substr(0, differs).ends_with("\n\ndata: {\"") && last_words.starts_with("error"))));
}

TEST_CASE("a cancelled request that waits gets a 503 and never reaches the provider", "[cancel]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap_one);
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat(chat_request("other"));
  REQUIRE(siltgate.wait_for_waiting(1));
  CHECK(post(siltgate.port(), "api/exchanges/" + id_of(siltgate, "waiting") + "/cancel") == 202);
  const auto refused = second.read_reply();
  CHECK(refused.status == 503);
  CHECK(nlohmann::json::parse(refused.body)["error"]["code"] == "cancelled");
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(upstream.requests() == 1);
  CHECK(post(siltgate.port(), "api/exchanges/sg_aaaaaaaaaa/cancel") == 404);
}

TEST_CASE("a request whose provider has not answered yet is cancelled with a 503", "[cancel]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.stall(); });
  RunningSiltgate siltgate(upstream);
  TestClient client(siltgate.port());
  client.post_chat();
  REQUIRE(upstream.wait_for_requests(1));
  CHECK(post(siltgate.port(), "api/exchanges/" + id_of(siltgate, "live") + "/cancel") == 202);
  CHECK(client.read_reply().status == 503);
  CHECK(upstream.wait_until_idle());
  CHECK(upstream.requests() == 1);
}

TEST_CASE("a cap raised by the operator lets the next one start, and a reload takes it back", "[cancel]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap_one);
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat(chat_request("other"));
  REQUIRE(siltgate.wait_for_waiting(1));
  auto row = siltgate.state()["keys"].at(0);
  CHECK(row["bottleneck"] == "cap");
  CHECK(row["cap_from"] == "settings");
  nlohmann::json ask{{"provider", row["provider"]}, {"key", row["key"]}, {"model", row["model"]}, {"cap", 2}};
  CHECK(post(siltgate.port(), "api/cap", ask.dump()) == 200);
  second.read_until("one");
  CHECK(siltgate.state()["keys"].at(0)["cap_from"] == "operator");
  siltgate.reload(cap_one);
  CHECK(siltgate.state()["keys"].at(0)["cap"] == 1);
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(second.read_reply().clean());
}

TEST_CASE("waiting requests are listed in the order of their places", "[cancel]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, cap_one);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<TestClient>(siltgate.port()));
    clients.back()->post_chat(chat_request("number " + std::to_string(i)));
    if (i == 0) clients.back()->read_until("one");
    else REQUIRE(siltgate.wait_for_waiting(i));
  }
  const auto state = siltgate.state();
  REQUIRE(state["waiting"].size() == 5);
  for (int i = 0; i < 5; ++i) CHECK(state["waiting"].at(i)["position"] == i + 1);
  CHECK(state["bottleneck"].get<std::string>().find("behind the configured cap of 1") != std::string::npos);
  gate.open();
  for (auto& client : clients) CHECK(client->read_reply().clean());
}

TEST_CASE("own time is what siltgate took, not what the provider or the queue did", "[cancel]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    exchange.chunk(chat_event("two").substr(0, 10));   // half an event, then a pause
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    exchange.chunk(chat_event("two").substr(10));
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream);
  CHECK(TestClient::ask(siltgate.port()).clean());
  const auto times = siltgate.wait_for_exchange()["times_ms"];
  CHECK(times["ended"].get<double>() >= 600);
  CHECK(times["own"].get<double>() > 0);
  CHECK(times["own"].get<double>() < 250);   // tens of microseconds on a machine at rest
}
