// SPDX-License-Identifier: Apache-2.0
#include "schedule/adaptive_limit.hpp"

#include "auto_simulation.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using simulation::Setting;
using namespace std::chrono_literals;

TEST_CASE("the automatic limit finds an unknown cap with few refusals and little lost time", "[schedule]") {
  for (int cap : {1, 2, 3, 5})
    for (unsigned seed = 1; seed <= 10; ++seed) {
      Setting setting;
      setting.true_cap = [cap](double) { return cap; };
      setting.seed = seed;
      const auto found = simulation::run(setting);
      setting.concurrency = {Concurrency::Mode::fixed, cap, 0};
      const auto perfect = simulation::run(setting);
      INFO("cap " << cap << " seed " << seed << ": " << found.refusals << " refusals, " << found.late_refusals
                  << " late, " << found.seconds << " s against " << perfect.seconds << " s");
      CHECK(found.served == 200);
      CHECK(perfect.refusals == 0);
      CHECK(found.late_refusals <= 5);
      CHECK(perfect.seconds >= 0.9 * found.seconds);
    }
}

TEST_CASE("the automatic limit follows a cap that changes", "[schedule]") {
  Setting setting;
  setting.requests = 900;
  setting.true_cap = [](double s) { return s < 1500 ? 1 : s < 3000 ? 3 : 2; };
  const auto outcome = simulation::run(setting);
  INFO(outcome.refusals << " refusals in " << outcome.seconds << " s");
  CHECK(outcome.served == 900);
  CHECK(outcome.refusals <= 45);
  // Long after each change the limit is where the cap is, give or take a probe.
  int settled = 0, right = 0;
  for (const auto& p : outcome.points)
    if ((p.seconds > 750 && p.seconds < 1500) || (p.seconds > 2250 && p.seconds < 3000) || p.seconds > 3750) {
      ++settled;
      right += p.cap == p.true_cap;
    }
  CHECK(right * 10 >= settled * 8);
}

TEST_CASE("a provider that refuses by chance does not pin the automatic limit to one", "[schedule]") {
  Setting setting;
  setting.requests = 600;
  setting.true_cap = [](double) { return 4; };
  setting.random_refusal = 0.03;
  const auto outcome = simulation::run(setting);
  INFO(outcome.refusals << " refusals in " << outcome.seconds << " s");
  CHECK(outcome.served == 600);
  double sum = 0;
  for (const auto& p : outcome.points) {
    sum += p.cap;
    REQUIRE(p.cap <= 5);
  }
  CHECK(sum / static_cast<double>(outcome.points.size()) >= 2.0);
}

TEST_CASE("the automatic limit never passes a number the user gave and keeps what it learned", "[schedule]") {
  AdaptiveLimit limit(1, 3);
  TimePoint now{1h};
  for (int i = 0; i < 100; ++i) limit.served(limit.limit(), now, true, now + 1s), now += 1s;
  CHECK(limit.limit() == 3);
  limit.refused(3, now, now + 1s);
  CHECK(limit.limit() == 2);
  AdaptiveLimit again(1, 3);
  again.restore(limit.memory(), now);
  CHECK(again.limit() == 2);
  CHECK(again.memory().refused_level == 3);
}

TEST_CASE("without demand the automatic limit does not grow", "[schedule]") {
  AdaptiveLimit limit(2);
  TimePoint now{1h};
  for (int i = 0; i < 100; ++i) limit.served(1, now, false, now + 1s), now += 1s;
  CHECK(limit.limit() == 2);
}
