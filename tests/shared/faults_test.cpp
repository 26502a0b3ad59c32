// SPDX-License-Identifier: Apache-2.0
// What can go wrong between instances and Redis, one thing at a time; the provider counts who is in flight.
#include <atomic>
#include <list>

#include "shared/instances.hpp"
#include "support/catch.hpp"
#include "support/dropping_proxy.hpp"
#include "support/siltgate_process.hpp"

using namespace siltgate::test;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

/// A stream that stands after its first event until the gate opens.
Script held_by(Gate& gate) {
  return [&gate](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (!exchange.wait(gate)) return;
    exchange.chunk(chat_finish());
    exchange.end_stream();
  };
}

nlohmann::json process_settings(const ScriptedUpstream& upstream, const std::string& redis, const std::string& lease,
                                const std::string& when_down = "refuse") {
  nlohmann::json provider{{"base_url", upstream.url()}, {"limits", {{"concurrency", 1}}}};
  return {{"providers", {{"up", provider}}}, {"shared", {{"redis", redis}, {"lease", lease}, {"when_down", when_down}}},
          {"capture", {{"mode", "off"}}}};
}

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

/// The last line of what Redis answered to a command.
std::string told(const RunningRedis& redis, const std::string& command) {
  std::string answer = redis.tell(command + "\r\n");
  answer.resize(answer.rfind("\r\n"));
  return answer.substr(answer.rfind('\n') + 1);
}

/// When the lease of an instance ends, as Redis has it; its clock is this machine's.
std::chrono::system_clock::time_point lease_end(const RunningRedis& redis, const std::string& instance) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(std::stoll(told(redis, "ZSCORE siltgate:alive " + instance))));
}

/// A short answer that takes its time.
Script brief() {
  return [](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    std::this_thread::sleep_for(10ms);
    exchange.chunk(chat_finish());
    exchange.chunk(chat_done);
    exchange.end_stream();
  };
}

}  // namespace

TEST_CASE("an instance killed in mid-stream frees its permit within the lease and a second", "[faults]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  SiltgateProcess victim(process_settings(upstream, redis.url(), "3s"));
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "3s"));
  wait_for_mode(other, "shared");
  TestClient runs(victim.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  const auto killed = steady_clock::now();
  victim.process().kill();
  const auto its_end = lease_end(redis, told(redis, "KEYS siltgate:of:*").substr(std::string("siltgate:of:").size()));  // it alone holds a permit
  CHECK(upstream.wait_for_requests(2));
  CHECK(steady_clock::now() - killed <= 4s);
  CHECK(std::chrono::system_clock::now() >= its_end);  // not freed by chance
  CHECK(waits.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("an instance that ends properly frees its permits at once", "[faults]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "60s"));
  wait_for_mode(other, "shared");
  TestClient waits(other.port());
  {
    RunningSiltgate leaves(upstream, sharing(redis.url(), 1, "60s"));
    wait_for_mode(leaves, "shared");
    TestClient runs(leaves.port());
    runs.post_chat(chat_request(), credential);
    runs.read_until("one");
    waits.post_chat(chat_request(), credential);
    CHECK(other.wait_for_waiting(1));
  }
  CHECK(waits.read_reply().clean());
}

TEST_CASE("an instance that stood still past its lease ends what it ran and sends nothing on the lost permit", "[faults]") {
  for (const char* when_down : {"local", "refuse"}) {
    RunningRedis redis;
    Gate gate, cut;
    ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                                 exchange.start_stream();
                                 exchange.chunk(chat_event("one"));
                                 if (exchange.stall(steady_clock::now() + 20s)) cut.open();
                               },
                               held_by(gate)});
    SiltgateProcess paused(process_settings(upstream, redis.url(), "2s", when_down));
    RunningSiltgate other(upstream, sharing(redis.url(), 1, "2s"));
    wait_for_mode(other, "shared");
    TestClient runs(paused.port()), queues(paused.port()), waits(other.port());
    runs.post_chat(chat_request(), credential);
    runs.read_until("one");
    waits.post_chat(chat_request(), credential);
    CHECK(other.wait_for_waiting(1));
    queues.post_chat(chat_request(), credential);
    paused.process().pause();
    CHECK(upstream.wait_for_requests(2));  // the other one's turn, after the lease
    waits.read_until("one");
    paused.process().resume();
    CHECK(cut.wait());
    const Reply reply = runs.read_reply();
    CHECK_FALSE(reply.clean());
    CHECK(reply.body.find("lease_lost") != std::string::npos);
    CHECK(upstream.requests() == 2);  // what queued behind it is still waiting: the permit is the other's
    CHECK(upstream.in_flight() == 1);
    gate.open();
    CHECK(waits.read_reply().clean());
    CHECK(queues.read_reply().clean());
    CHECK(upstream.requests() == 3);
  }
}

TEST_CASE("Redis restarts with an empty memory: refuse never exceeds the cap, and all goes on", "[faults]") {
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
    redis.start();
    for (auto& instance : instances) wait_for_mode(instance, "shared");
  }
  CHECK(demand.wait_for_served(50));
  demand.stop();
  CHECK(upstream.max_in_flight() == 3);
  CHECK(demand.refused() > 0);
}

TEST_CASE("Redis restarts with an empty memory and a newcomer comes first: keys keep their names, and the cap holds", "[faults]") {
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

TEST_CASE("Redis restarts: local goes on with a part each, within the stated bound, and comes back to the cap", "[faults]") {
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

TEST_CASE("Redis stands still past the lease: refuse ends what runs, nobody starts, the cap holds", "[faults]") {
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

TEST_CASE("Redis stands still past the lease: local keeps what runs and claims it again before anybody else starts", "[faults]") {
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

TEST_CASE("a cut network: the instance behind it ends what it runs before another takes the permit, and comes back", "[faults]") {
  RunningRedis redis;
  DroppingProxy proxy(redis.port());
  Gate gate, cut;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               if (exchange.stall(steady_clock::now() + 20s)) cut.open();
                             },
                             held_by(gate), brief()});
  RunningSiltgate behind(upstream, sharing(fmt::format("redis://127.0.0.1:{}", proxy.port()), 1, "2s", "refuse"));
  RunningSiltgate other(upstream, sharing(redis.url(), 1, "2s", "refuse"));
  for (auto* instance : {&behind, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(behind.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  proxy.cut();
  CHECK(cut.wait());
  CHECK(upstream.wait_for_requests(2));
  CHECK(runs.read_reply().body.find("lease_lost") != std::string::npos);
  CHECK(upstream.max_in_flight() == 1);
  proxy.heal();
  wait_for_mode(behind, "shared");
  TestClient again(behind.port());
  again.post_chat(chat_request(), credential);
  CHECK(behind.wait_for_waiting(1));
  gate.open();
  CHECK(waits.read_reply().clean());
  CHECK(again.read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}
