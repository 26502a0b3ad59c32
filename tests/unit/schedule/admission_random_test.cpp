// SPDX-License-Identifier: Apache-2.0
// A million random operations against the model of admission_model.hpp.
#include <cstdlib>
#include <random>

#include "admission_model.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using namespace std::chrono_literals;

namespace {

struct Walk {
  explicit Walk(unsigned seed) : random(seed) {}

  std::mt19937 random;
  Admission admission;
  model::Model model;
  TimePoint now{1h};
  Ticket last = 0;
  std::vector<Ticket> alive;  // waiting or running
  std::string broken;
  std::array<bool, model::providers> renamed{};  // its second key has another name now

  int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  bool chance(int percent) { return pick(100) < percent; }
  Concurrency cap(int most) { return {Concurrency::Mode::fixed, 1 + pick(most), 0}; }

  std::string key_name(int p, int k) const { return "k" + std::to_string(k) + (k == 1 && renamed[p] ? "b" : ""); }
  void rename() {
    const int p = pick(model::providers);
    const std::string before = key_name(p, 1);
    renamed[p] = !renamed[p];
    admission.rename_key("p" + std::to_string(p), before, key_name(p, 1), now);
  }

  ProviderLimits some_limits() {
    ProviderLimits l;
    l.total = chance(30) ? 1 + pick(4) : 0;
    l.per = chance(50) ? Per::key : Per::key_model;
    if (chance(80)) l.concurrency = cap(3);
    if (chance(20)) l.start_interval = 20ms * pick(10);
    if (chance(20)) l.requests_per_minute = 20 + pick(200);
    if (chance(20)) l.tokens_per_minute = 2000 + pick(20'000);
    if (chance(20)) l.release_delay = 10ms * pick(20);
    if (chance(30)) l.keys["k0"] = cap(4);
    if (chance(30)) l.models["m" + std::to_string(pick(model::models))] = cap(3);
    if (chance(30)) l.groups["g"] = {{"m0", "m1"}, cap(3)};
    return l;
  }

  void configure() {
    std::vector<std::pair<std::string, ProviderLimits>> list;
    model.end_rests(now);
    for (int p = 0; p < model::providers; ++p) {
      model.limits[p] = some_limits();
      list.emplace_back("p" + std::to_string(p), model.limits[p]);
    }
    model.total = chance(40) ? 1 + pick(6) : 0;
    QueueConfig queue;
    queue.max_waiting = model.max_waiting = 5 + pick(40);
    queue.order = chance(20) ? Order::fifo : Order::fair;
    for (auto& [ticket, r] : model.requests)
      if (r.running) r.charged_unit = model.unit(r.target) == r.charged_unit ? r.charged_unit : -1;
    model.configure();
    admission.configure(list, model.total, queue, now);
  }

  void arrive() {
    Arrival a;
    a.ticket = ++last;
    const int t = pick(model::targets);
    a.provider = "p" + std::to_string(model::Model::p_of(t));
    a.key = key_name(model::Model::p_of(t), model::Model::k_of(t));
    a.model = "m" + std::to_string(model::Model::m_of(t));
    a.profile = "generic";
    a.klass = static_cast<Class>(pick(3));
    a.session = "s" + std::to_string(pick(5));
    a.estimated_tokens = pick(900);
    model.requests[a.ticket] = {t, a.estimated_tokens, false, -1, 0, 0};
    ++model.waiting[t];
    ++model.waiting_total;
    const Answer answer = admission.arrive(a, now);
    if (answer == Answer::queue_full) {
      if (model.waiting_total <= model.max_waiting) broken = "refused although the queue has room";
      if (model.may_start(t, model.requests[a.ticket].tokens, now) && model.waiting[t] == 1 &&
          model.limits[model::Model::p_of(t)].tokens_per_minute == 0)
        broken = "refused although it could start";
      --model.waiting[t];
      --model.waiting_total;
      model.requests.erase(a.ticket);
      return;
    }
    alive.push_back(a.ticket);
    granted_before(answer == Answer::granted ? a.ticket : 0);
  }

  /// Grants that time brought come before the one the call itself answered.
  void granted_before(Ticket answered) {
    collect();
    if (answered && !model.start(answered, now)) broken = "granted against a limit on arrival";
  }

  void collect() {
    for (Ticket ticket : admission.take_grants())
      if (!model.start(ticket, now)) broken = "granted against a limit";
  }

  Ticket somebody(bool running) {
    for (int tries = 0; tries < 8 && !alive.empty(); ++tries) {
      const Ticket ticket = alive[static_cast<std::size_t>(pick(static_cast<int>(alive.size())))];
      if (model.requests.at(ticket).running == running) return ticket;
    }
    return 0;
  }

  void drop(Ticket ticket) {
    model.requests.erase(ticket);
    alive.erase(std::find(alive.begin(), alive.end(), ticket));
  }

  void finish(Ticket ticket) {
    const Ending ending = chance(60) ? Ending::served : static_cast<Ending>(pick(8));
    model.stop(ticket, ending, now);
    drop(ticket);
    admission.finish(ticket, ending, now);
  }

  void retry(Ticket ticket) {
    const Ending ending = static_cast<Ending>(1 + pick(5));
    const TimePoint not_before = now + 10ms * pick(60);
    const int t = model.requests.at(ticket).target;
    model.stop(ticket, ending, now);
    ++model.waiting[t];
    ++model.waiting_total;
    TimePoint& held = model.held[model.unit(t)];
    held = std::max(held, not_before);
    admission.retry(ticket, ending, not_before, now);
  }

  void cancel(Ticket ticket) {
    model::Request& r = model.requests.at(ticket);
    if (r.running) {
      model.stop(ticket, Ending::ignored, now);
    } else {
      --model.waiting[r.target];
      --model.waiting_total;
    }
    drop(ticket);
    admission.cancel(ticket, now);
  }

  void hold() {
    const int t = pick(model::targets), p = model::Model::p_of(t), k = model::Model::k_of(t);
    const bool whole = chance(30);
    const TimePoint until = now + 10ms * pick(200);
    TimePoint& held = model.held[whole ? model::key_scope(p, k) : model.unit(t)];
    held = std::max(held, until);
    admission.hold("p" + std::to_string(p), key_name(p, k), whole ? "" : "m" + std::to_string(model::Model::m_of(t)),
                   until, now);
  }

  void correct(Ticket ticket) {
    model::Request& r = model.requests.at(ticket);
    r.tokens = pick(1200);
    if (r.running && r.charged_unit == model.unit(r.target))
      model.amend(model.tokens[r.charged_unit], r.token_entry, std::max<std::int64_t>(r.tokens, 1));
    admission.correct_tokens(ticket, r.tokens, now);
  }

  void pass_time() {
    const auto wakeup = admission.next_wakeup();
    if (wakeup && chance(60))
      now = std::max(now, *wakeup);
    else
      now += 1ms * pick(chance(5) ? 20'000 : 200);
    admission.tick(now);
  }

  void step() {
    // The clock runs only in pass_time(), so that both sides see the same moment.
    const int what = pick(1000);
    Ticket ticket = 0;
    if (what < 330) arrive();
    else if (what < 560) (ticket = somebody(true)) ? finish(ticket) : pass_time();
    else if (what < 620) (ticket = somebody(true)) ? retry(ticket) : pass_time();
    else if (what < 680) (ticket = somebody(chance(30))) ? cancel(ticket) : pass_time();
    else if (what < 690) hold();
    else if (what < 720) (ticket = somebody(chance(70))) ? correct(ticket) : pass_time();
    else if (what < 722) configure();
    else if (what < 724) rename();
    else pass_time();
    collect();
  }

  /// Nothing that could start may be left waiting. With a token window the one whose turn it is decides, so there
  /// the dearest waiter of the quota must fit.
  bool idle_permit() {
    for (int t = 0; t < model::targets; ++t) {
      if (model.waiting[t] == 0) continue;
      std::int64_t dearest = 0;
      if (model.limits[model::Model::p_of(t)].tokens_per_minute > 0)
        for (const auto& [ticket, r] : model.requests)
          if (!r.running && model.unit(r.target) == model.unit(t)) dearest = std::max(dearest, r.tokens);
      if (model.may_start(t, dearest, now)) return true;
    }
    return false;
  }

  void check() {
    if (!broken.empty()) return;
    if (admission.waiting() != model.waiting_total) broken = "lost or invented a waiter";
    if (admission.in_flight() != model.running_total) broken = "lost or invented a permit";
    if (idle_permit()) broken = "left a request waiting that could start";
  }

  /// Ends everything that runs until nobody waits; nobody may be forgotten.
  void drain() {
    for (int rounds = 0; rounds < 100'000 && !alive.empty() && broken.empty(); ++rounds) {
      const auto running = std::find_if(alive.begin(), alive.end(), [&](Ticket t) { return model.requests.at(t).running; });
      if (running != alive.end()) {
        const Ticket ticket = *running;
        model.stop(ticket, Ending::served, now);
        drop(ticket);
        admission.finish(ticket, Ending::served, now);
      } else if (const auto wakeup = admission.next_wakeup()) {
        now = std::max(now, *wakeup);
        admission.tick(now);
      } else {
        broken = "nothing runs, nothing is due, and somebody waits";
      }
      collect();
      check();
    }
    if (broken.empty() && !alive.empty()) broken = "did not drain";
  }
};

}  // namespace

TEST_CASE("a million random operations never exceed a limit, lose a permit, forget a waiter or leave one idle", "[schedule]") {
  const char* given = std::getenv("SILTGATE_SEED");
  const unsigned seed = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  INFO("SILTGATE_SEED=" << seed);
  std::mt19937 seeds(seed);
  int operations = 0;
  for (int walk = 0; walk < 100; ++walk) {
    Walk w(seeds());
    w.configure();
    int done = 0;
    for (; done < 10'000 && w.broken.empty(); ++done) {
      w.step();
      w.check();
    }
    operations += done;
    if (w.broken.empty()) w.drain();
    INFO("walk " << walk << ", operation " << done << ": " << w.broken);
    REQUIRE(w.broken.empty());
  }
  CHECK(operations == 1'000'000);
}
