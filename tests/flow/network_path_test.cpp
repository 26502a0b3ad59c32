// SPDX-License-Identifier: Apache-2.0
// A provider that is not on this machine: silence with a living and with a dead path, and how sure a verdict is by what stands between.
// Where network namespaces are not permitted these tests fail and say "not run"; ctest counts them as skipped.
#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "flow/broken_streams.hpp"
#include "support/catch.hpp"
#include "support/far_network.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using nlohmann::json;
using Leaf = Authority::Leaf;

namespace {

constexpr std::chrono::seconds long_enough{30};

Deadline later() { return std::chrono::steady_clock::now() + long_enough; }

/// A scripted upstream in a network of its own, and siltgate on this side.
struct FarProvider {
  FarNetwork network;
  std::optional<ScriptedUpstream> upstream;
  std::optional<RunningSiltgate> siltgate;

  FarProvider(const Script& script, std::string_view changes, OpenSsl<SSL_CTX> tls = {}) {
    network.there([&] { upstream.emplace(script, UpstreamOptions{std::move(tls), 0, network.address()}); });
    siltgate.emplace(*upstream, changes);
  }
};

json verdict_of(const RunningSiltgate& siltgate, const Reply& reply) { return siltgate.exchange(reply.field("siltgate-id")); }

void check(const json& record, const char* blame, const char* cause, const char* certainty) {
  CAPTURE(record["verdict"].dump(1), record["upstream"].dump(1));
  CHECK(record["verdict"]["blame"] == blame);
  CHECK(record["verdict"]["cause"] == cause);
  CHECK(record["verdict"]["certainty"] == certainty);
}

/// The first row under way in api/state whose path says `path` after at least so long a silence; throws TooLate.
json live_row(const RunningSiltgate& siltgate, const char* path, int silent_for_ms) {
  for (const auto until = later(); std::chrono::steady_clock::now() < until;) {
    const json live = siltgate.state()["live"];
    for (const json& row : live)
      if (row["path"] == path && row["silence_ms"] >= silent_for_ms) return row;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw TooLate(std::string("no exchange under way has the path ") + path);
}

bool begins(const json& text, const std::string& words) { return text.get<std::string>().rfind(words, 0) == 0; }

constexpr const char* silent_settings =
    R"({"providers": {"up": {"timeouts": {"idle": "9s", "first_byte": "9s"}, "retry": {"attempts": 1}}}})";

/// Says one event, or for the model "mute" nothing at all, then only its kernel speaks.
void fall_silent(UpstreamExchange& exchange) {
  if (exchange.request().body.find("mute") == std::string::npos) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
  }
  exchange.stall(later());
}

}  // namespace

TEST_CASE("a silent provider with a living path is to blame, a dead path is the network's", "[network]") {
  try {
    FarProvider living(fall_silent, silent_settings), dying(fall_silent, silent_settings);
    TestClient of_living(living.siltgate->port()), of_dying(dying.siltgate->port()), of_mute(dying.siltgate->port());
    of_living.post_chat();
    of_dying.post_chat(chat_request("Hi", "speaks"));
    of_mute.post_chat(chat_request("Hi", "mute"));
    of_living.read_until("one");
    of_dying.read_until("one");
    REQUIRE(dying.upstream->wait_for_requests(2));
    dying.network.cut();
    // While they are silent, whoever watches is told which of the two it is.
    const json alive = live_row(*living.siltgate, "alive", 3000);
    CHECK(begins(alive["path_words"], "alive: its machine answered "));
    CHECK(alive["tcp"]["last_data_ms"] >= 3000);
    CHECK(alive["tcp"]["last_ack_ms"] < 3000);
    const json gone = live_row(*dying.siltgate, "dead", 0);
    CHECK(begins(gone["path_words"], "dead: nothing from its machine for "));
    CHECK(gone["tcp"]["unanswered_probes"] > 0);

    const json silent = verdict_of(*living.siltgate, of_living.read_reply(later()));
    check(silent, "provider", "upstream_silent", "certain");
    CHECK(silent["upstream"]["path"] == "alive");
    CHECK(silent["upstream"]["tcp"]["last_ack_ms"] < silent["upstream"]["tcp"]["last_data_ms"]);
    CHECK(silent["closed_first"] == "siltgate");
    const json dead = verdict_of(*dying.siltgate, of_dying.read_reply(later()));
    check(dead, "network", "upstream_silent", "likely");
    CHECK(dead["upstream"]["path"] == "dead");
    CHECK(dead["upstream"]["tcp"]["unanswered_probes"] > 0);
    const json mute = verdict_of(*dying.siltgate, of_mute.read_reply(later()));
    check(mute, "network", "upstream_silent", "likely");
  } catch (const NotPermitted& refused) {
    FAIL(refused.what());
  }
}

TEST_CASE("a request into a kept connection that the network forgot goes out again on a fresh one", "[network][retry]") {
  try {
    FarProvider far([](UpstreamExchange& exchange) { exchange.chat({"one"}); }, R"({"providers": {"up": {"timeouts": {"first_byte": "60s"}}}})");
    REQUIRE(TestClient::ask(far.siltgate->port()).clean());
    REQUIRE(far.upstream->connections() == 1);
    far.network.forget_connections();
    TestClient client(far.siltgate->port());
    client.post_chat(chat_request("Hi", "two"));   // sent at once: no probe has shown yet that the connection is dead
    const Reply reply = client.read_reply(later());
    CHECK(reply.clean());
    const json record = verdict_of(*far.siltgate, reply);
    check(record, "intact", "intact", "certain");
    REQUIRE(record["attempts"].size() == 1);
    REQUIRE(record["attempts"][0].contains("resent_after_ms"));
    CHECK(record["attempts"][0]["resent_after_ms"] >= 9000);
    CHECK(far.upstream->requests() == 2);
    CHECK(far.upstream->connections() == 2);

    // One that rested long enough for the probes to show it is not even tried.
    far.network.forget_connections();
    std::this_thread::sleep_for(std::chrono::seconds(8));
    const json rested = verdict_of(*far.siltgate, TestClient::ask(far.siltgate->port(), chat_request("Hi", "three")));
    CHECK_FALSE(rested["attempts"][0].contains("resent_after_ms"));
    CHECK(rested["attempts"][0]["reused"] == false);
  } catch (const NotPermitted& refused) {
    FAIL(refused.what());
  }
}

TEST_CASE("over plain http to another machine damage and breaks are only likely the provider's", "[network]") {
  try {
    Gate delivered;
    FarProvider far([&](UpstreamExchange& exchange) {
      const std::string model = json::parse(exchange.request().body)["model"];
      exchange.start_stream();
      exchange.chunk(chat_event("one"));
      if (model == "torn") {
        exchange.chunk(replaced(chat_event("two"), "two", "\xe7\x8b"));
        exchange.stall();
      } else if (exchange.wait(delivered)) {
        model == "fin" ? exchange.close() : exchange.reset();
      }
    }, R"({"providers": {"up": {"retry": {"attempts": 1}}}})");
    check(verdict_of(*far.siltgate, TestClient::ask(far.siltgate->port(), chat_request("Hi", "torn"))), "provider", "utf8", "likely");
    TestClient fin(far.siltgate->port()), reset(far.siltgate->port());
    fin.post_chat(chat_request("Hi", "fin"));
    reset.post_chat(chat_request("Hi", "reset"));
    fin.read_until("one");
    reset.read_until("one");
    delivered.open();
    check(verdict_of(*far.siltgate, fin.read_reply()), "provider", "upstream_closed", "likely");
    check(verdict_of(*far.siltgate, reset.read_reply()), "provider", "upstream_reset", "likely");
  } catch (const NotPermitted& refused) {
    FAIL(refused.what());
  }
}

TEST_CASE("who damaged bytes inside TLS depends on whose authority vouches for the certificate", "[network]") {
  struct Case {
    Leaf leaf;
    bool in_system_store;
    const char* blame;
    const char* certainty;
  };
  try {
    // A certificate stamped by a public log, one of an authority somebody put into the store, and a private one.
    for (const Case& one : {Case{Leaf::logged, true, "provider", "certain"}, Case{Leaf::sound, true, "provider", "likely"},
                            Case{Leaf::logged, false, "network", "likely"}}) {
      Authority authority;
      FarNetwork network;
      if (one.in_system_store) ::setenv("SSL_CERT_FILE", authority.ca_file().c_str(), 1);
      std::optional<ScriptedUpstream> upstream;
      Gate delivered;
      network.there([&] {
        upstream.emplace([](UpstreamExchange& exchange) {
          exchange.start_stream();
          exchange.chunk(chat_event("one") + replaced(chat_event("two"), "two", "\xe7\x8b"));
          exchange.end_stream();
        }, UpstreamOptions{authority.server(network.address(), one.leaf), 0, network.address()});
      });
      RunningSiltgate siltgate(*upstream, json({{"providers", {{"up", {{"ca_file", one.in_system_store ? "" : authority.ca_file()},
                                                                       {"retry", {{"attempts", 1}}}}}}}}).dump());
      for (int i = 0; i < 2; ++i)  // the second time with a resumed session, which shows no chain
        check(verdict_of(siltgate, TestClient::ask(siltgate.port(), chat_request("Hi", std::to_string(i)))), one.blame, "utf8", one.certainty);
      ::unsetenv("SSL_CERT_FILE");
    }
  } catch (const NotPermitted& refused) {
    FAIL(refused.what());
  }
}
