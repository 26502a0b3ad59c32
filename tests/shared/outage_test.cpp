// SPDX-License-Identifier: Apache-2.0
// What can happen to Redis, one thing at a time; the provider counts who is in flight.
#include <atomic>
#include <list>

#include "shared/instances.hpp"
#include "support/catch.hpp"
#include "support/dropping_proxy.hpp"

using namespace siltgate::test;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

/// Clients that ask again and again, each on connections of its own, until told to stop.
class Demand {
 public:
  Demand(const std::list<RunningSiltgate>& instances, int per_instance) {
    for (auto& instance : instances)
      for (int i = 0; i < per_instance; ++i) threads_.emplace_back([this, port = instance.port()] { ask(port); });
  }
  ~Demand() { stop(); }
  void stop() {
    stopped_ = true;
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }
  int served() const { return served_; }
  int refused() const { return refused_; }
  bool wait_for_served(int more, Deadline deadline = soon()) const {
    for (const int until = served_ + more; served_ < until;) {
      if (steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }

 private:
  void ask(std::uint16_t port) {
    while (!stopped_) {
      TestClient client(port);
      client.post_chat(chat_request(), credential);
      const Reply reply = client.read_reply(steady_clock::now() + 30s);
      served_ += reply.status == 200 && reply.clean();
      refused_ += reply.status == 503;
      if (reply.status == 503) std::this_thread::sleep_for(20ms);
    }
  }
  std::atomic<bool> stopped_{false};
  std::atomic<int> served_{0}, refused_{0};
  std::list<std::thread> threads_;
};

/// Waits until `siltgate` says that Redis is down for this reason.
bool trouble_of(const RunningSiltgate& siltgate, const std::string& word, Deadline deadline = soon()) {
  while (steady_clock::now() < deadline) {
    const auto trouble = siltgate.state().at("shared").at("trouble");
    if (trouble.is_string() && trouble.get<std::string>().find(word) != std::string::npos) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

}  // namespace

TEST_CASE("Redis restarts with an empty memory: refuse never exceeds the cap, and all goes on", "[outage]") {
  RunningRedis redis;
  ScriptedUpstream upstream(brief());
  std::list<RunningSiltgate> instances;
  for (int i = 0; i < 3; ++i) instances.emplace_back(upstream, sharing(redis.url(), 3, "3s", "refuse"));
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  Demand demand(instances, 3);
  for (int i = 0; i < 2; ++i) {
    CHECK(demand.wait_for_served(50));
    redis.stop();
    CHECK(instances.front().wait_for_in_flight(0));
    for (auto& instance : instances) wait_for_mode(instance, "refusing");
    redis.start();
    for (auto& instance : instances) wait_for_mode(instance, "shared");
  }
  CHECK(demand.wait_for_served(50));
  demand.stop();
  CHECK(upstream.max_in_flight() == 3);
  CHECK(demand.refused() > 0);
}

TEST_CASE("Redis restarts with an empty memory and a newcomer comes first: keys keep their names, and the cap holds", "[outage]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), brief()});
  DroppingProxy proxy(redis.port());
  RunningSiltgate runs_on(upstream, sharing(fmt::format("redis://127.0.0.1:{}", proxy.port()), 1, "12s", "refuse"));
  wait_for_mode(runs_on, "shared");
  TestClient runs(runs_on.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  proxy.cut();
  redis.stop();
  redis.start();
  RunningSiltgate newcomer(upstream, sharing(redis.url(), 1, "12s", "refuse"));
  TestClient waits(newcomer.port());
  waits.post_chat(chat_request(), credential);
  while (told(redis, "HLEN siltgate:group") == ":0") std::this_thread::sleep_for(5ms);
  proxy.heal();
  for (auto* instance : {&runs_on, &newcomer}) wait_for_mode(*instance, "shared");
  CHECK(newcomer.wait_for_waiting(1));
  CHECK(upstream.requests() == 1);
  CHECK(runs_on.state().at("keys").at(0).at("key") == newcomer.state().at("keys").at(0).at("key"));
  gate.open();
  CHECK(runs.read_reply().clean());
  CHECK(waits.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("Redis restarts: local goes on with a part each, within the stated bound, and comes back to the cap", "[outage]") {
  RunningRedis redis;
  ScriptedUpstream upstream(brief());
  std::list<RunningSiltgate> instances;
  for (int i = 0; i < 3; ++i) instances.emplace_back(upstream, sharing(redis.url(), 3, "3s", "local"));
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  for (auto& instance : instances)
    while (instance.state().at("shared").at("parts") != 3) std::this_thread::sleep_for(5ms);
  Demand demand(instances, 3);
  CHECK(demand.wait_for_served(50));
  redis.stop();
  for (auto& instance : instances) wait_for_mode(instance, "local");
  CHECK(demand.wait_for_served(60));
  for (auto& instance : instances) {
    const auto state = instance.state();
    CHECK(state.at("keys").at(0).at("cap") == 1);
    CHECK(state.at("shared").at("trouble") != nullptr);
  }
  redis.start();
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  CHECK(demand.wait_for_served(60));
  for (auto& instance : instances) CHECK(instance.state().at("keys").at(0).at("cap") == 3);
  demand.stop();
  CHECK(demand.refused() == 0);
  CHECK(upstream.max_in_flight() <= 5);  // docs/scale.md: below twice the cap, while answers from before the outage run
}

TEST_CASE("Redis stands still past the lease: refuse ends what runs, nobody starts, the cap holds", "[outage]") {
  RunningRedis redis;
  Gate cut;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               if (exchange.stall(steady_clock::now() + 20s)) cut.open();
                             },
                             brief()});
  std::list<RunningSiltgate> instances;
  for (int i = 0; i < 2; ++i) instances.emplace_back(upstream, sharing(redis.url(), 1, "2s", "refuse"));
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  TestClient runs(instances.front().port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  redis.pause();
  CHECK(cut.wait());
  CHECK(runs.read_reply().body.find("lease_lost") != std::string::npos);
  for (auto& instance : instances) wait_for_mode(instance, "refusing");
  CHECK(TestClient::ask(instances.back().port()).status == 503);
  redis.resume();
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  for (auto& instance : instances) {
    TestClient client(instance.port());
    client.post_chat(chat_request(), credential);
    CHECK(client.read_reply().clean());
  }
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("Redis stands still past the lease: local keeps what runs and claims it again before anybody else starts", "[outage]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), brief()});
  RunningSiltgate one(upstream, sharing(redis.url(), 1, "2s", "local")), other(upstream, sharing(redis.url(), 1, "2s", "refuse"));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(one.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  redis.pause();
  for (auto* instance : {&one, &other})
    while (instance->state().at("shared").at("trouble") == nullptr) std::this_thread::sleep_for(5ms);
  std::this_thread::sleep_for(2500ms);  // past the lease: time itself is what is tried here
  redis.resume();
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  CHECK(upstream.requests() == 1);
  gate.open();
  CHECK(runs.read_reply().clean());
  CHECK(waits.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("Redis fails over to a replica: while that is read-only nothing starts, and then the cap holds", "[outage]") {
  RunningRedis primary;
  RunningRedis replica({"--replicaof", "127.0.0.1", std::to_string(primary.port())});
  while (replica.tell("INFO replication\r\n").find("master_link_status:up") == std::string::npos) std::this_thread::sleep_for(5ms);
  DroppingProxy name(primary.port());
  const std::string url = fmt::format("redis://127.0.0.1:{}", name.port());
  ScriptedUpstream upstream(brief());
  std::list<RunningSiltgate> instances;
  for (int i = 0; i < 3; ++i) instances.emplace_back(upstream, sharing(url, 3, "3s", "refuse"));
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  Demand demand(instances, 3);
  CHECK(demand.wait_for_served(50));
  name.lead_to(replica.port());
  primary.stop();
  for (auto& instance : instances) CHECK(trouble_of(instance, "READONLY"));
  CHECK(told(replica, "REPLICAOF NO ONE") == "+OK");
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  CHECK(demand.wait_for_served(50));
  demand.stop();
  CHECK(upstream.max_in_flight() == 3);
}

TEST_CASE("a Redis that is out of memory counts as down, with what it says, until it has memory again", "[outage]") {
  RunningRedis redis;
  ScriptedUpstream upstream(brief());
  RunningSiltgate local(upstream, sharing(redis.url(), 1, "3s", "local")), refuse(upstream, sharing(redis.url(), 1, "3s", "refuse"));
  for (auto* instance : {&local, &refuse}) wait_for_mode(*instance, "shared");
  CHECK(told(redis, "CONFIG SET maxmemory 1") == "+OK");
  for (auto* instance : {&local, &refuse}) CHECK(trouble_of(*instance, "OOM"));
  CHECK(TestClient::ask(local.port(), chat_request(), credential).status == 200);
  CHECK(TestClient::ask(refuse.port(), chat_request(), credential).status == 503);
  CHECK(told(redis, "CONFIG SET maxmemory 0") == "+OK");
  for (auto* instance : {&local, &refuse}) {
    wait_for_mode(*instance, "shared");
    CHECK(TestClient::ask(instance->port(), chat_request(), credential).status == 200);
  }
}
