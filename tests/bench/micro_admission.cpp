// SPDX-License-Identifier: Apache-2.0
// Cost of one grant (finish one, grant the next, let a new one arrive) with 1,000 and with 100,000 requests waiting.
// The two take turns, so that a noisy machine disturbs both alike. Usage: micro_admission [sessions] [models]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "schedule/admission.hpp"

using namespace siltgate;
using namespace siltgate::schedule;

namespace {

struct Load {
  int sessions, models;
  Admission admission;
  TimePoint now{std::chrono::hours(1)};
  Ticket last = 0;
  std::vector<Ticket> running;

  Load(int waiting, int session_count, int model_count) : sessions(session_count), models(model_count) {
    ProviderLimits limits;
    limits.concurrency = {Concurrency::Mode::fixed, 8, 0};
    limits.per = Per::key;
    for (int m = 1; m < models; ++m) limits.models["m" + std::to_string(m)] = {Concurrency::Mode::fixed, 8, 0};
    QueueConfig queue;
    queue.max_waiting = waiting + 100;
    admission.configure({{"p", limits}}, 0, queue, now);
    for (int i = 0; i < waiting + 8; ++i) arrive();
  }
  void arrive() {
    Arrival a;
    a.ticket = ++last;
    a.provider = "p";
    a.key = "k";
    a.model = "m" + std::to_string(last % static_cast<unsigned>(models));
    a.profile = "generic";
    a.klass = static_cast<Class>(last % 3);
    a.session = "session-" + std::to_string(last % static_cast<unsigned>(sessions));
    if (admission.arrive(a, now) == Answer::granted) running.push_back(a.ticket);
  }
  /// Nanoseconds per grant over `grants` of them.
  double run(int grants) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < grants; ++i) {
      now += std::chrono::milliseconds(1);
      Ticket& slot = running[static_cast<std::size_t>(i) % running.size()];
      admission.finish(slot, Ending::served, now);
      for (Ticket ticket : admission.take_grants()) slot = ticket;
      arrive();
    }
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    return taken.count() / grants;
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int sessions = argc > 1 ? std::atoi(argv[1]) : 50;
  const int models = argc > 2 ? std::atoi(argv[2]) : 1;
  Load few(1'000, sessions, models), many(100'000, sessions, models);
  few.run(20'000);
  many.run(20'000);
  std::vector<double> a, b;
  for (int round = 0; round < 15; ++round) {
    a.push_back(few.run(20'000));
    b.push_back(many.run(20'000));
  }
  std::printf("%d sessions, %d models: %.0f ns per grant with 1,000 waiting, %.0f with 100,000, ratio %.2f\n", sessions,
              models, median(a), median(b), median(b) / median(a));
}
