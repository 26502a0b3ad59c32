// SPDX-License-Identifier: Apache-2.0
// Ways to a Redis: socket, password, TLS, database, prefix; and what is said when there is none.
#include <stdlib.h>
#include <sys/stat.h>

#include "shared/instances.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/siltgate_process.hpp"

using namespace siltgate::test;

namespace {

Script hello() {
  return [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); };
}

std::string with_shared(const nlohmann::json& shared) { return nlohmann::json{{"shared", shared}}.dump(); }

bool serves(const RunningSiltgate& siltgate) {
  TestClient client(siltgate.port());
  client.post_chat(chat_request(), credential);
  return client.read_reply().clean();
}

int ready(const RunningSiltgate& siltgate) {
  TestClient client(siltgate.port());
  client.get("/-/readyz");
  return client.read_reply().status;
}

nlohmann::json shared_state(const RunningSiltgate& siltgate) { return siltgate.state().at("shared"); }

}  // namespace

TEST_CASE("user and password come from a file, neither leaves a trace, and the rights named in docs/scale.md are enough", "[connection]") {
  RunningRedis redis({"--user", "gate", "on", ">s3cr=t/pass", "~team:*", "&team:*", "-@all", "+@connection", "+@read", "+@write",
                      "+@scripting", "+@pubsub", "+time", "+info", "--user", "default", "off"});
  TemporaryFolder folder;
  const std::string file = folder.write("password", "s3cr=t/pass\n");
  ::chmod(file.c_str(), 0600);
  ScriptedUpstream upstream(hello());
  const std::string url = fmt::format("redis://gate:{{file:{}}}@127.0.0.1:{}/2", file, redis.port());
  RunningSiltgate siltgate(upstream, with_shared({{"redis", url}, {"prefix", "team:"}, {"lease", "3s"}}));
  wait_for_mode(siltgate, "shared");
  CHECK(serves(siltgate));
  CHECK(siltgate.state().dump().find("s3cr=t") == std::string::npos);
  CHECK(shared_state(siltgate).at("redis") == fmt::format("redis://127.0.0.1:{}/2", redis.port()));
  CHECK(redis.everything().find("siltgate:") == std::string::npos);
  CHECK(redis.everything().find("team:alive") != std::string::npos);
}

TEST_CASE("a wrong password is said without the password", "[connection]") {
  RunningRedis redis({"--requirepass", "right"});
  ScriptedUpstream upstream(hello());
  const std::string url = fmt::format("redis://:wr0ng@127.0.0.1:{}", redis.port());
  RunningSiltgate siltgate(upstream, with_shared({{"redis", url}, {"lease", "3s"}}));
  CHECK(serves(siltgate));  // when_down is local
  CHECK(shared_state(siltgate).at("mode") == "local");
  CHECK(shared_state(siltgate).at("trouble") == "user or password is wrong (WRONGPASS)");
  CHECK(siltgate.state().dump().find("wr0ng") == std::string::npos);
}

TEST_CASE("rediss: is TLS with the server's name and chain verified", "[connection]") {
  Authority authority;
  TemporaryFolder folder;
  const auto [certificate, key] = authority.server_files("127.0.0.1", folder.path());
  const int tls_port = Listener().port();
  RunningRedis redis({"--tls-port", std::to_string(tls_port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file",
                      authority.ca_file(), "--tls-auth-clients", "no"});
  ScriptedUpstream upstream(hello());
  const std::string url = fmt::format("rediss://127.0.0.1:{}", tls_port);
  {
    RunningSiltgate stranger(upstream, with_shared({{"redis", url}, {"lease", "3s"}}));
    CHECK(serves(stranger));
    CHECK(shared_state(stranger).at("trouble").get<std::string>().find("certificate") != std::string::npos);
  }
  ::setenv("SSL_CERT_FILE", authority.ca_file().c_str(), 1);
  RunningSiltgate siltgate(upstream, with_shared({{"redis", url}, {"lease", "3s"}}));
  wait_for_mode(siltgate, "shared");
  CHECK(serves(siltgate));
  ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("no Redis at the start: local serves with its own caps and says so, refuse answers 503; both join when it comes", "[connection]") {
  RunningRedis redis;
  redis.stop();
  ScriptedUpstream upstream(hello());
  RunningSiltgate local(upstream, sharing(redis.url(), 1, "3s", "local")), refuse(upstream, sharing(redis.url(), 1, "3s", "refuse"));
  CHECK(serves(local));
  TestClient refused(refuse.port());
  refused.post_chat(chat_request(), credential);
  const auto reply = refused.read_reply();
  CHECK(reply.status == 503);
  const auto error = nlohmann::json::parse(reply.body).at("error");
  CHECK(error.at("code") == "shared_down");
  CHECK(error.at("message").get<std::string>().find(fmt::format("Redis at redis://127.0.0.1:{}/0", redis.port())) != std::string::npos);
  CHECK(refuse.state().at("shared").at("mode") == "refusing");
  CHECK(ready(refuse) == 503);
  redis.start();
  for (auto* instance : {&local, &refuse}) {
    wait_for_mode(*instance, "shared");
    CHECK(serves(*instance));
  }
  CHECK(ready(refuse) == 200);
}

TEST_CASE("the log says when Redis goes, why, what happens meanwhile, and when it is back", "[connection]") {
  for (const auto& [when_down, meanwhile] : {std::pair{"local", "This instance goes on with the caps as configured"},
                                             std::pair{"refuse", "Requests are refused (shared.when_down)"}}) {
    RunningRedis redis;
    ScriptedUpstream upstream(hello());
    SiltgateProcess siltgate({{"providers", {{"up", {{"base_url", upstream.url()}}}}},
                              {"shared", {{"redis", redis.url()}, {"lease", "3s"}, {"when_down", when_down}}}});
    const std::string shared = fmt::format("caps are shared through redis://127.0.0.1:{}/0, 1 instance", redis.port());
    siltgate.process().after(shared);
    redis.stop();
    CHECK(siltgate.process().after(fmt::format("Redis at redis://127.0.0.1:{}/0 is down: ", redis.port())).find(meanwhile) != std::string::npos);
    const auto before = siltgate.process().output().size();
    redis.start();
    for (const Deadline until = soon(); siltgate.process().output().find(shared, before) == std::string::npos;) {
      if (std::chrono::steady_clock::now() >= until) throw TooLate("it does not come back: " + siltgate.process().output());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

TEST_CASE("a ledger that was flushed from the script cache is sent again", "[connection]") {
  RunningRedis redis;
  ScriptedUpstream upstream(hello());
  RunningSiltgate siltgate(upstream, sharing(redis.socket_url(), 1));
  wait_for_mode(siltgate, "shared");
  CHECK(serves(siltgate));
  CHECK(redis.tell("SCRIPT FLUSH\r\n") == "+OK\r\n");
  CHECK(serves(siltgate));
  CHECK(shared_state(siltgate).at("mode") == "shared");
}

TEST_CASE("connections that break while Redis is up let nobody start beyond the cap, and turn nobody away", "[connection]") {
  for (const char* when_down : {"local", "refuse"}) {
    RunningRedis redis;
    Gate gate;
    ScriptedUpstream upstream({held_by(gate), hello()});
    RunningSiltgate one(upstream, sharing(redis.url(), 1, "6s", when_down)), other(upstream, sharing(redis.url(), 1, "6s", when_down));
    for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
    TestClient runs(one.port()), waits(other.port());
    runs.post_chat(chat_request(), credential);
    runs.read_until("one");
    waits.post_chat(chat_request(), credential);
    CHECK(other.wait_for_waiting(1));
    for (int i = 0; i < 3; ++i) {
      CHECK(told(redis, "CLIENT KILL TYPE pubsub") == ":2");
      while (told(redis, "PUBSUB NUMSUB siltgate:all") != ":2") std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(other.state().at("waiting").size() == 1);
    gate.open();
    CHECK(runs.read_reply().clean());
    CHECK(waits.read_reply().clean());
    CHECK(upstream.max_in_flight() == 1);
    for (auto* instance : {&one, &other}) {
      CHECK(shared_state(*instance).at("mode") == "shared");
      CHECK(shared_state(*instance).at("trouble") == nullptr);
      CHECK(shared_state(*instance).at("lost_permits") == 0);
    }
  }
}

TEST_CASE("a database that was emptied while in use loses no permit", "[connection]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               exchange.wait(gate);
                               exchange.chunk(chat_finish());
                               exchange.end_stream();
                             },
                             hello()});
  RunningSiltgate one(upstream, sharing(redis.url(), 1)), other(upstream, sharing(redis.url(), 1));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(one.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  CHECK(redis.tell("FLUSHALL\r\n") == "+OK\r\n");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  gate.open();
  CHECK(runs.read_reply().clean());
  CHECK(waits.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}
