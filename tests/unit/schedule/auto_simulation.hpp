// SPDX-License-Identifier: Apache-2.0
// A provider with a cap nobody tells, clients that always have more to ask, and the automatic limit between them, on a
// virtual clock. Requests and answers take time to arrive, so that a start may meet a neighbour that is just leaving. A
// refusal is answered at once and retried after a back-off, as the exchange does it.
#pragma once

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

#include "schedule/admission.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::schedule::simulation {

struct Point {
  double seconds;
  int cap, true_cap, refusals;
};

struct Outcome {
  double seconds = 0;       // until the last answer
  int refusals = 0;         // of all starts
  int late_refusals = 0;    // after the first 20 served
  int served = 0;
  std::vector<Point> points;
};

struct Setting {
  int requests = 200;
  std::function<int(double seconds)> true_cap;
  double random_refusal = 0;                   // chance that a start is refused whatever the load
  std::string profile = "zai";
  Concurrency concurrency{Concurrency::Mode::automatic, 0, 0};
  unsigned seed = 1;
  std::chrono::milliseconds latency{50};       // one way
  std::chrono::milliseconds shortest{5'000}, longest{15'000};  // an answer
};

inline Outcome run(const Setting& setting) {
  using namespace std::chrono_literals;
  const TimePoint begin{1h};
  TimePoint now = begin;
  std::mt19937 random(setting.seed);
  std::uniform_real_distribution<double> chance(0, 1);
  Admission admission;
  ProviderLimits limits;
  limits.concurrency = setting.concurrency;
  QueueConfig queue;
  queue.max_waiting = setting.requests;
  admission.configure({{"p", limits}}, 0, queue, now);

  Outcome outcome;
  enum What { reach, leave, refuse, serve };
  using Event = std::tuple<TimePoint, Ticket, What>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  int at_provider = 0;
  std::vector<int> tries(static_cast<std::size_t>(setting.requests) + 1);
  const auto seconds = [&] { return std::chrono::duration<double>(now - begin).count(); };
  // Requests overtake each other on their way.
  const auto start = [&](Ticket ticket) {
    const auto jitter = std::chrono::microseconds(random() % 1000) * setting.latency.count();
    events.emplace(now + setting.latency + jitter, ticket, reach);
  };
  const auto reached = [&](Ticket ticket) {
    const bool refused = at_provider >= setting.true_cap(seconds()) || chance(random) < setting.random_refusal;
    if (refused) {
      events.emplace(now + setting.latency, ticket, refuse);
      return;
    }
    ++at_provider;
    const auto spread = static_cast<unsigned>((setting.longest - setting.shortest).count()) + 1;
    events.emplace(now + setting.shortest + std::chrono::milliseconds(random() % spread), ticket, leave);
  };
  const auto note = [&] {
    const auto rows = admission.snapshot(now);
    if (!rows.empty()) outcome.points.push_back({seconds(), rows[0].cap, setting.true_cap(seconds()), outcome.refusals});
  };
  for (Ticket ticket = 1; ticket <= static_cast<Ticket>(setting.requests); ++ticket) {
    Arrival a;
    a.ticket = ticket;
    a.provider = "p", a.key = "k", a.model = "m", a.profile = setting.profile;
    a.session = "s" + std::to_string(ticket % 4);
    if (admission.arrive(a, now) == Answer::granted) start(ticket);
  }
  while (outcome.served < setting.requests) {
    const auto wakeup = admission.next_wakeup();
    if (events.empty() && !wakeup) break;  // nothing will ever happen: the caller sees too few served
    if (events.empty() || (wakeup && *wakeup < std::get<0>(events.top()))) {
      now = *wakeup;
      admission.tick(now);
    } else {
      const auto [at, ticket, what] = events.top();
      events.pop();
      now = at;
      if (what == reach) {
        reached(ticket);
      } else if (what == leave) {
        --at_provider;
        events.emplace(now + setting.latency, ticket, serve);
      } else if (what == serve) {
        ++outcome.served;
        admission.finish(ticket, Ending::served, now);
      } else {
        ++outcome.refusals;
        if (outcome.served >= 20) ++outcome.late_refusals;
        const Duration wait = full_jitter(tries[ticket]++, chance(random));
        admission.retry(ticket, Ending::refused_concurrency, now + wait, now);
      }
    }
    for (Ticket granted : admission.take_grants()) start(granted);
    note();
  }
  outcome.seconds = seconds();
  return outcome;
}

}  // namespace siltgate::schedule::simulation
