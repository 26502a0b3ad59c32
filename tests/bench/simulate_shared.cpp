// SPDX-License-Identifier: Apache-2.0
// 200 instances share 50 keys with a cap of 3 each, on a virtual clock, over the real ledger in a real Redis: how fair, how many
// calls, how long Redis takes for one. Every instance has one session per key that always wants to be served; an answer takes 8 to
// 12 s. Usage: simulate_shared [instances] [keys] [virtual seconds]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <random>

#include "support/ledger_driver.hpp"
#include "support/running_redis.hpp"

using namespace siltgate;
using namespace siltgate::shared;
using namespace std::chrono_literals;

namespace {

constexpr int cap = 3;

struct World {
  struct Event {
    Duration at;
    int instance;
    Ticket ends;  // 0 = tick
    bool operator>(const Event& other) const { return at > other.at; }
  };
  test::RunningRedis redis;
  test::LedgerDriver driver{redis.socket(), "sim:", true};
  std::vector<std::unique_ptr<Member>> members;
  std::vector<std::vector<int>> served;      // by instance and key
  std::vector<int> running;                  // by key
  int most = 0, lost = 0, keys;
  Duration time = 1h;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::mt19937 random{7};

  World(int instances, int key_count) : served(instances, std::vector<int>(key_count)), running(key_count), keys(key_count) {
    for (int i = 0; i < instances; ++i) add(i);
  }
  TimePoint now() const { return TimePoint(time); }
  void set_time() { driver.set_time(1'700'000'000'000 + to_ms(time)); }

  void add(int i) {
    MemberConfig config;
    config.id = "i" + std::to_string(i);
    config.info = "{}";
    config.lease = 15s;
    Member& member = *members.emplace_back(std::make_unique<Member>(config));
    driver.seat({&member, [this] { return now(); }, [this, i](const Effects& e) {
                   for (Ticket ticket : e.confirmed) start(i, ticket);
                   lost += static_cast<int>(e.lost.size());
                 }});
    set_time();
    member.connected("run", now());
    driver.run(member);
    events.push({time, i, 0});
    run(time + 70ms);  // they do not all beat at once
    time += 70ms;
  }
  void want(int i, int key) {
    Proposal p;
    p.ticket = static_cast<Ticket>(key) + 1;
    p.path.quota = "m\x1fzai\x1f#" + std::to_string(key);
    p.path.caps = {{p.path.quota, cap, false, 0}};
    p.session = "/" + std::to_string(key);
    p.age = 5min;
    members[i]->propose(p, now());
    driver.run(*members[i]);
  }
  void start(int i, Ticket ticket) {
    most = std::max(most, ++running[ticket - 1]);
    ++served[i][ticket - 1];
    events.push({time + std::chrono::milliseconds(8000 + random() % 4000), i, ticket});
  }
  void run(Duration until) {
    while (!events.empty() && events.top().at < until) {
      const Event event = events.top();
      events.pop();
      time = std::max(time, event.at);
      set_time();
      Member& member = *members[event.instance];
      if (event.ends == 0) {
        member.tick(now());
        driver.run(member);
        events.push({std::clamp<Duration>(member.next().time_since_epoch(), time + 10ms, time + 1s), event.instance, 0});
      } else {
        --running[event.ends - 1];
        member.give_back(event.ends, schedule::Ending::served, false, now());
        driver.run(member);
        want(event.instance, static_cast<int>(event.ends) - 1);
      }
    }
  }
};

/// Seconds of CPU that Redis has used.
double redis_cpu(test::LedgerDriver& driver) {
  const std::string info = driver.ask({"INFO", "cpu"}).text;
  double sum = 0;
  for (const char* name : {"used_cpu_sys:", "used_cpu_user:"}) sum += std::atof(info.c_str() + info.find(name) + std::string(name).size());
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const int instances = argc > 1 ? std::atoi(argv[1]) : 200, keys = argc > 2 ? std::atoi(argv[2]) : 50;
  const std::chrono::seconds span(argc > 3 ? std::atoi(argv[3]) : 1200);
  World world(instances, keys);
  const Duration settled = world.time + 5s;
  world.run(settled);
  world.time = settled;
  for (int i = 0; i < instances; ++i)
    for (int key = 0; key < keys; ++key) world.want(i, key);
  const double cpu = redis_cpu(world.driver);
  const auto calls = world.driver.calls, messages = world.driver.messages;
  world.run(world.time + span);
  long total = 0;
  double worst = 0;
  int least = 1 << 30, most = 0;
  for (int key = 0; key < keys; ++key) {
    int low = 1 << 30, high = 0, sum = 0;
    for (int i = 0; i < instances; ++i) {
      low = std::min(low, world.served[i][key]);
      high = std::max(high, world.served[i][key]);
      sum += world.served[i][key];
    }
    total += sum;
    least = std::min(least, low);
    most = std::max(most, high);
    worst = std::max(worst, static_cast<double>(high - low));
  }
  const double all_calls = static_cast<double>(world.driver.calls - calls), seconds = static_cast<double>(span.count());
  std::printf("%d instances, %d keys, cap %d, %lld virtual seconds\n", instances, keys, cap, static_cast<long long>(span.count()));
  std::printf("served %ld, at most %d in flight on a key; use of the caps %.1f %%\n", total, world.most,
              100.0 * static_cast<double>(total) * 10 / (keys * cap * seconds));
  if (world.lost > 0) std::printf("%d permits lost, though every instance was awake\n", world.lost);
  std::printf("per session and key: least %d, most %d, largest difference on one key %.0f\n", least, most, worst);
  std::printf("calls %.0f (%.2f per exchange, %.1f per second), messages %llu\n", all_calls, all_calls / static_cast<double>(total),
              all_calls / seconds, static_cast<unsigned long long>(world.driver.messages - messages));
  const double busy = redis_cpu(world.driver) - cpu;
  std::printf("Redis used %.0f us of CPU per call, %.2f %% of a core\n", busy / all_calls * 1e6, busy / seconds * 100);
  return world.most > cap || world.lost > 0;
}
