// SPDX-License-Identifier: Apache-2.0
// Reloading while exchanges run: what changes at once, what keeps its old settings, and that a reload is all or nothing.
#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* always = R"("keep_alive": "always", "providers": {"up": {"limits": {"concurrency": 7}}})";

std::string listening(const std::string& second, const char* more = always) {
  return fmt::format(R"({{"listen": ["127.0.0.1:0", {}], {}}})", second, more);
}

std::string with_allow(const char* network) {
  return listening(fmt::format(R"({{"address": "127.0.0.1:0", "allow": ["{}"]}})", network));
}

std::uint16_t port_of(const RunningSiltgate& siltgate, std::size_t listener) {
  const std::string name = siltgate.state()["listen"].at(listener);
  return static_cast<std::uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
}

Script sound() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

bool accepts(std::uint16_t port) {
  try {
    return TestClient::ask(port).status == 200;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

TEST_CASE("a reload leaves running exchanges on the old settings", "[reload]") {
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (exchange.wait(gate)) exchange.close();
  });
  RunningSiltgate siltgate(upstream, R"({"stream_failure": "abort"})");
  TestClient old_one(siltgate.port());
  old_one.post_chat();
  old_one.read_until("one");
  siltgate.reload(R"({"stream_failure": "error_event"})");
  TestClient new_one(siltgate.port());
  new_one.post_chat();
  new_one.read_until("one");
  gate.open();
  CHECK(old_one.read_reply().body == chat_event("one"));
  CHECK(new_one.read_reply().body.find(chat_event("one") + "data: {\"error\"") == 0);
}

TEST_CASE("a reload that raises the cap lets the waiting go on at once", "[reload]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": 1}}}})");
  TestClient first(siltgate.port()), second(siltgate.port());
  first.post_chat();
  first.read_until("one");
  second.post_chat();
  CHECK(siltgate.wait_for_waiting(1));
  siltgate.reload(R"({"providers": {"up": {"limits": {"concurrency": 2}}}})");
  CHECK(second.read_until("one").status == 200);
  gate.open();
  CHECK(first.read_reply().clean());
  CHECK(second.read_reply().clean());
  CHECK(upstream.max_in_flight() == 2);
}

TEST_CASE("a reload that removes a provider does not let loose what waits for it", "[reload]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  const std::string more = fmt::format(
      R"({{"default_provider": "up", "providers": {{"old": {{"base_url": "http://127.0.0.1:{}/v1", "profile": "zai", "limits": {{"concurrency": 1}}}}}}}})", upstream.port());
  RunningSiltgate siltgate(upstream, more);
  TestClient first(siltgate.port()), second(siltgate.port()), third(siltgate.port());
  for (TestClient* client : {&first, &second, &third}) client->post("/old/v1/chat/completions", chat_request());
  CHECK(siltgate.wait_for_waiting(2));
  siltgate.reload("{}");
  CHECK(siltgate.state()["last_reload_error"].is_null());
  CHECK(siltgate.wait_for_waiting(2));
  gate.open();
  for (TestClient* client : {&first, &second, &third}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("a reload that names a key does not give it a second cap", "[reload]") {
  Gate gate;
  ScriptedUpstream upstream(held_by(gate));
  constexpr const char* unnamed = R"({"providers": {"up": {"limits": {"concurrency": 1}}}})";
  constexpr const char* named = R"({"providers": {"up": {"limits": {"concurrency": 1}, "keys": {"team": {"value": "key-one-secret"}}}}})";
  RunningSiltgate siltgate(upstream, unnamed);
  TestClient first(siltgate.port()), second(siltgate.port()), third(siltgate.port());
  const std::string key = "Authorization: Bearer key-one-secret\r\n";
  first.post_chat(chat_request("first"), key);
  second.post_chat(chat_request("second"), key);
  CHECK(siltgate.wait_for_waiting(1));
  siltgate.reload(named);
  third.post_chat(chat_request("third"), key);
  CHECK(siltgate.wait_for_waiting(2));
  CHECK(siltgate.state()["keys"].size() == 1);
  CHECK(siltgate.state()["keys"][0]["key"] == "team");
  gate.open();
  for (TestClient* client : {&first, &second, &third}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("a refused reload changes nothing and is visible in the state", "[reload]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream);
  siltgate.reload(R"({"stream_failure": "no such word"})");
  CHECK(siltgate.state()["last_reload_error"].get<std::string>().find("stream_failure") != std::string::npos);
  CHECK(TestClient::ask(siltgate.port()).clean());
  siltgate.reload("{}");
  CHECK(siltgate.state()["last_reload_error"].is_null());
}

TEST_CASE("a reload changes who may come in, for connections that are there, too", "[reload]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, with_allow("127.0.0.0/8"));
  const std::uint16_t guarded = port_of(siltgate, 1);
  TestClient resting(guarded);
  resting.post_chat();
  CHECK(resting.read_reply().status == 200);
  siltgate.reload(with_allow("10.0.0.0/8"));
  resting.post_chat();
  CHECK(resting.read_reply().status == 403);
  CHECK(TestClient::ask(guarded).status == 403);
  siltgate.reload(with_allow("127.0.0.1/32"));
  CHECK(port_of(siltgate, 1) == guarded);
  CHECK(TestClient::ask(guarded).status == 200);
}

TEST_CASE("a reload opens the listeners that are new and closes those that are gone, behind the answers under way", "[reload]") {
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), sound()});
  RunningSiltgate siltgate(upstream, "{}");
  siltgate.reload(listening(R"("127.0.0.1:0")"));
  const std::uint16_t second = port_of(siltgate, 1);
  TestClient under_way(second), resting(second);
  under_way.post_chat();
  under_way.read_until("one");
  resting.post_chat();
  CHECK(resting.read_reply().status == 200);
  siltgate.reload("{}");
  CHECK(siltgate.state()["listen"].size() == 1);
  CHECK(resting.read_end() == End::fin);
  CHECK_FALSE(accepts(second));
  gate.open();
  CHECK(under_way.read_reply().clean());
  CHECK(under_way.read_end() == End::fin);
  CHECK(accepts(siltgate.port()));
}

TEST_CASE("a listener that moves to another address on its port needs no restart", "[reload]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, listening(R"("127.0.0.1:0")"));
  const std::uint16_t second = port_of(siltgate, 1);
  const std::string wide = fmt::format("0.0.0.0:{}", second);
  siltgate.reload(listening('"' + wide + '"'));
  CHECK(siltgate.state()["last_reload_error"].is_null());
  CHECK(siltgate.state()["listen"].at(1) == wide);
  CHECK(accepts(second));
}

TEST_CASE("a reload that cannot listen, or that shares caps anew, is refused and changes nothing", "[reload]") {
  ScriptedUpstream upstream(sound());
  RunningSiltgate siltgate(upstream, listening(R"("127.0.0.1:0")"));
  const std::uint16_t second = port_of(siltgate, 1);
  const auto before = siltgate.state()["listen"];
  const std::string taken = fmt::format(R"("127.0.0.1:{}")", upstream.port());
  const std::string moved = fmt::format(R"("127.0.0.2:{}", )", second);   // makes its old place make way first
  for (const std::string& refused : {listening(taken, R"("drain": "9s")"), listening(moved + taken),
                                     std::string(R"({"shared": {"redis": "redis://127.0.0.1:1"}})")}) {
    INFO(refused);
    siltgate.reload(refused);
    const auto state = siltgate.state();
    const std::string why = state["last_reload_error"];
    CHECK((why.find("cannot listen on") != std::string::npos || why.find("restart siltgate for it") != std::string::npos));
    CHECK(state["listen"] == before);
    CHECK(accepts(siltgate.port()));
    CHECK(accepts(second));
  }
  siltgate.reload(listening(R"("127.0.0.1:0")"));
  CHECK(siltgate.state()["last_reload_error"].is_null());
}
