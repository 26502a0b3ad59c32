// SPDX-License-Identifier: Apache-2.0
// One cap for three instances, counted where the provider counts.
#include <fmt/chrono.h>

#include <list>
#include <map>
#include <set>

#include "shared/instances.hpp"
#include "support/catch.hpp"

using namespace siltgate::test;

namespace {

std::string session_line(int session) { return fmt::format("{}x-session-id: ses_{}\r\n", credential, session); }

double p50(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times.at(times.size() / 2);
}

/// Milliseconds in the queue, as the records say, of requests that find a free permit.
double idle_queue_ms(const std::string& changes) {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, changes);
  if (changes.find("redis") != std::string::npos) wait_for_mode(siltgate, "shared");
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    TestClient client(siltgate.port());
    client.post_chat(chat_request(), credential);
    const std::string timing = client.read_reply().field("Server-Timing");
    times.push_back(std::stod(timing.substr(timing.find("dur=") + 4)));
  }
  return p50(times);
}

}  // namespace

TEST_CASE("three instances with cap 3 and 300 streams: three in flight while there is demand, never more, fair to sessions", "[cap]") {
  RunningRedis redis;
  Wave wave(3);  // no answer ends before three are in flight together
  Gate all_here;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    if (!exchange.wait(all_here)) return;
    if (!wave.ride()) return;
    exchange.chunk(chat_finish());
    exchange.chunk(chat_done);
    exchange.end_stream();
  });
  std::list<RunningSiltgate> instances;
  for (int i = 0; i < 3; ++i) instances.emplace_back(upstream, sharing(redis.socket_url(), 3));
  for (auto& instance : instances) wait_for_mode(instance, "shared");
  // Six sessions with 50 requests each, spread unevenly: one, two and three to an instance.
  std::list<TestClient> clients;
  const int home[] = {0, 1, 1, 2, 2, 2};
  for (int i = 0; i < 300; ++i) {
    auto& instance = *std::next(instances.begin(), home[i % 6]);
    clients.emplace_back(instance.port()).post_chat(chat_request(), session_line(i % 6));
  }
  const auto waiting = [&] {
    int sum = 0;
    for (auto& instance : instances) sum += instance.state().at("waiting_total").get<int>();
    return sum;
  };
  for (const Deadline until = soon(); waiting() < 297 && std::chrono::steady_clock::now() < until;) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(waiting() == 297);
  CHECK(upstream.in_flight() == 3);
  all_here.open();
  int sound = 0;
  for (auto& client : clients) sound += client.read_reply(std::chrono::steady_clock::now() + std::chrono::seconds(40)).clean();
  CHECK(sound == 300);
  CHECK(upstream.max_in_flight() == 3);
  CHECK(upstream.refused() == 0);
  CHECK(wave.waves() == 100);
  CHECK(wave.broken() == 0);
  std::map<std::string, int> share;
  const auto seen = upstream.seen();
  for (int i = 0; i < 240; ++i) ++share[std::string(seen[i].head.fields.find("x-session-id").value_or(""))];
  REQUIRE(share.size() == 6);
  for (const auto& [session, count] : share) CHECK(std::abs(count - 40) <= 2);  // 5 %
  // The same credential has the same name everywhere, and the key itself is nowhere.
  std::set<std::string> names;
  for (auto& instance : instances) names.insert(instance.state().at("keys").at(0).at("key").get<std::string>());
  CHECK(names.size() == 1);
  const std::string everything = redis.everything();
  CHECK(everything.find("siltgate:held:") != std::string::npos);
  CHECK(everything.find("sk-of-the-team") == std::string::npos);
}

TEST_CASE("a model name that holds the ledger's separator is a name like any other", "[cap]") {
  RunningRedis redis;
  ScriptedUpstream upstream(brief());
  RunningSiltgate one(upstream, sharing(redis.url(), 1)), other(upstream, sharing(redis.url(), 1));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  for (const char* model : {"a\x1e" "b", "\x1e", "a\x1e" "0\x1e" "b", "a\x1e-5\x1e"})
    for (auto* instance : {&one, &other}) {
      TestClient client(instance->port());
      client.post_chat(chat_request("Say hi", model), credential);
      CHECK(client.read_reply().clean());
      CHECK(instance->state().at("shared").at("mode") == "shared");
    }
  CHECK(upstream.requests() == 8);
}

TEST_CASE("a key that reloads name has one cap on all instances, with what runs on it", "[cap]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({held_by(gate), brief()});
  const std::string unnamed = sharing(redis.url(), 1);
  auto settings = nlohmann::json::parse(unnamed);
  settings["providers"]["up"]["keys"]["team"]["value"] = "sk-of-the-team";
  RunningSiltgate one(upstream, unnamed), other(upstream, unnamed);
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(one.port()), queues(other.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  queues.post_chat(chat_request("before"), credential);
  CHECK(other.wait_for_waiting(1));
  for (auto* instance : {&one, &other}) instance->reload(settings.dump());
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  waits.post_chat(chat_request("after"), credential);
  CHECK(other.wait_for_waiting(2));
  const auto held = [&](const std::string& key) { return told(redis, "SCARD \"siltgate:held:m\\x1fup\\x1f" + key + "\\x1fglm-4.6\""); };
  CHECK(held("team") == ":1");
  CHECK(told(redis, "HLEN siltgate:info") == ":2");
  CHECK(upstream.requests() == 1);
  gate.open();
  for (TestClient* client : {&runs, &queues, &waits}) CHECK(client->read_reply().clean());
  CHECK(upstream.max_in_flight() == 1);
}

TEST_CASE("status shows every instance", "[cap]") {
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("Hi"));
    exchange.wait(gate);
  });
  RunningSiltgate one(upstream, sharing(redis.url(), 1)), other(upstream, sharing(redis.url(), 1));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(one.port()), waits(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("Hi");
  waits.post_chat(chat_request(), credential);
  CHECK(other.wait_for_waiting(1));
  nlohmann::json rows;
  for (const Deadline until = soon(); std::chrono::steady_clock::now() < until;) {
    rows = one.state().at("shared").at("instances");
    if (rows.size() == 2 && rows[0]["waiting"].get<int>() + rows[1]["waiting"].get<int>() == 1) break;
  }
  REQUIRE(rows.size() == 2);
  const auto& self = rows[0]["self"] == true ? rows[0] : rows[1];
  const auto& peer = rows[0]["self"] == true ? rows[1] : rows[0];
  CHECK(self["in_flight"] == 1);
  CHECK(peer["self"] == false);
  CHECK(peer["waiting"] == 1);
  CHECK(peer["name"].get<std::string>().find(fmt::format(":{}", other.port())) != std::string::npos);
  CHECK(other.state().at("keys").at(0).at("in_flight") == 0);
  gate.open();
}

TEST_CASE("a refusal met by one instance slows all", "[cap]") {
  RunningRedis redis;
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> starts;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    {
      std::lock_guard lock(mutex);
      starts.push_back(std::chrono::steady_clock::now());
    }
    if (exchange.request().number == 1) return exchange.answer(429, refusal_1302, "application/json", "Retry-After: 1\r\n");
    exchange.chat({"Hi"});
  });
  RunningSiltgate one(upstream, sharing(redis.url(), 3)), other(upstream, sharing(redis.url(), 3));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient refused(one.port()), later(other.port());
  refused.post_chat(chat_request(), credential);
  CHECK(upstream.wait_for_requests(1));
  CHECK(one.wait_for_waiting(1));
  later.post_chat(chat_request(), credential);
  CHECK(later.read_reply().clean());
  CHECK(refused.read_reply().clean());
  REQUIRE(starts.size() == 3);
  CHECK(starts[1] - starts[0] >= std::chrono::milliseconds(990));
}

TEST_CASE("groups in two databases of one Redis do not hear of each other", "[cap]") {
  RunningRedis redis;
  const std::string words = fmt::format(R"({{"error":{{"code":"1308","message":"Usage limit reached. Your limit will reset at {:%Y-%m-%d %H:%M:%S}"}}}})",
                                        fmt::gmtime(std::time(nullptr) + 11 * 3600));
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(429, words); });
  const auto settings = [&](int database) {
    auto s = nlohmann::json::parse(sharing(redis.url() + "/" + std::to_string(database), 1));
    s["providers"]["up"]["auth"] = "replace";
    s["providers"]["up"]["keys"]["team"]["value"] = "sk-of-the-team";
    return s.dump();
  };
  RunningSiltgate one(upstream, settings(0)), other(upstream, settings(0)), elsewhere(upstream, settings(1));
  for (auto* instance : {&one, &other, &elsewhere}) wait_for_mode(*instance, "shared");
  CHECK(TestClient::ask(one.port()).status == 429);
  for (const Deadline until = soon(); TestClient::ask(other.port()).status != 503;) {
    if (std::chrono::steady_clock::now() >= until) throw TooLate("no word from the other");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(TestClient::ask(elsewhere.port()).status == 429);
}

TEST_CASE("a spent quota met by one instance stops all, also those that come later, until one request is served again", "[cap]") {
  RunningRedis redis;
  const auto reset = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + std::chrono::hours(3 + 8));  // Beijing time
  const std::string words = fmt::format(R"({{"error":{{"code":"1308","message":"Usage limit reached. Your limit will reset at {:%Y-%m-%d %H:%M:%S}"}}}})",
                                        fmt::gmtime(reset));
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.answer(429, words); });
  RunningSiltgate one(upstream, sharing(redis.url(), 3)), other(upstream, sharing(redis.url(), 3));
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  CHECK(TestClient::ask(one.port(), chat_request(), credential).status == 429);
  const auto stopped = [&](const RunningSiltgate& instance) {
    const auto reply = TestClient::ask(instance.port(), chat_request(), credential);
    return reply.status == 503 && reply.body.find("quota_spent") != std::string::npos && reply.body.find("code 1308") != std::string::npos;
  };
  for (const Deadline until = soon(); !stopped(other) && std::chrono::steady_clock::now() < until;) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(stopped(other));
  RunningSiltgate later(upstream, sharing(redis.url(), 3));
  wait_for_mode(later, "shared");
  CHECK(stopped(later));
}

TEST_CASE("an urgent request takes the place of a background one that waits for the group", "[cap]") {
  const bool per_key = GENERATE(false, true);  // the cap is the key's: requests for other models wait for it, too
  RunningRedis redis;
  Gate gate;
  ScriptedUpstream upstream({[&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               exchange.wait(gate);
                               exchange.chunk(chat_finish());
                               exchange.end_stream();
                             },
                             [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  std::string settings = sharing(redis.url(), 1);
  if (per_key) settings.replace(settings.find(R"("limits": {)"), 11, R"("limits": {"per": "key", )");
  const std::string urgent_request = per_key ? chat_request("urgent", "another-model") : chat_request("urgent");
  RunningSiltgate one(upstream, settings), other(upstream, settings);
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  TestClient runs(one.port()), first(other.port()), second(other.port()), urgent(other.port());
  runs.post_chat(chat_request(), credential);
  runs.read_until("one");
  first.post_chat(chat_request("title"), std::string(credential) + "siltgate-class: background\r\n");
  CHECK(other.wait_for_waiting(1));
  second.post_chat(chat_request("summary"), std::string(credential) + "siltgate-class: background\r\n");
  CHECK(other.wait_for_waiting(2));
  urgent.post_chat(urgent_request, credential);
  CHECK(other.wait_for_waiting(3));
  gate.open();
  for (TestClient* client : {&runs, &urgent, &first, &second}) CHECK(client->read_reply().clean());
  std::vector<std::string> order;
  for (const auto& request : upstream.seen()) order.push_back(nlohmann::json::parse(request.body)["messages"][0]["content"]);
  CHECK(order == std::vector<std::string>{"Say hi", "urgent", "title", "summary"});
}

TEST_CASE("an automatic cap is the same on every instance", "[cap]") {
  RunningRedis redis;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  const std::string changes = fmt::format(
      R"({{"providers": {{"up": {{"limits": {{"concurrency": "auto"}}}}}}, "limits": {{"queue": {{"max_waiting": 1000}}}}, "shared": {{"redis": "{}", "lease": "6s"}}}})",
      redis.url());
  RunningSiltgate one(upstream, changes), other(upstream, changes);
  for (auto* instance : {&one, &other}) wait_for_mode(*instance, "shared");
  std::list<TestClient> clients;
  for (int i = 0; i < 60; ++i) clients.emplace_back(i % 2 ? one.port() : other.port()).post_chat(chat_request(), session_line(i % 4));
  for (auto& client : clients) CHECK(client.read_reply().clean());
  int cap = 0, its = -1;
  for (const Deadline until = soon(); (cap != its || cap < 2) && std::chrono::steady_clock::now() < until;) {
    cap = one.state().at("keys").at(0).at("cap");
    its = other.state().at("keys").at(0).at("cap");
  }
  CHECK(cap == its);
  CHECK(cap >= 2);
}

TEST_CASE("what sharing costs a request that finds a free permit", "[.measure]") {
  RunningRedis redis;
  for (int round = 0; round < 3; ++round)
    WARN(fmt::format("median time in the queue: alone {} ms, shared over TCP {} ms, over a socket {} ms", idle_queue_ms("{}"),
                     idle_queue_ms(sharing(redis.url(), 3)), idle_queue_ms(sharing(redis.socket_url(), 3))));
}
