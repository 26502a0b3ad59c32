// SPDX-License-Identifier: Apache-2.0
#include "schedule/admission.hpp"

#include <algorithm>
#include <map>

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using namespace std::chrono_literals;

namespace {

/// One provider "p" with cap 1 per key+model unless told otherwise.
struct Desk {
  Admission admission;
  TimePoint now{1h};
  Ticket last = 0;

  explicit Desk(const ProviderLimits& limits = capped(1), int total = 0, int max_waiting = 100'000,
                Order order = Order::fair) {
    QueueConfig queue;
    queue.max_waiting = max_waiting;
    queue.order = order;
    admission.configure({{"p", limits}}, total, queue, now);
  }
  static ProviderLimits capped(int cap) {
    ProviderLimits limits;
    limits.concurrency = {Concurrency::Mode::fixed, cap, 0};
    return limits;
  }
  Ticket arrive(const std::string& session = "s", Class klass = Class::interactive, const std::string& model = "m",
                std::int64_t tokens = 0) {
    answer = admission.arrive({++last, "p", "k", model, "generic", klass, session, tokens}, now);
    return last;
  }
  Ticket granted() {
    const auto list = admission.take_grants();
    return list.empty() ? 0 : list.front();
  }
  Ticket finish(Ticket ticket, Ending ending = Ending::served) {
    admission.finish(ticket, ending, now);
    return granted();
  }
  Ticket pass(Duration time) {
    admission.tick(now += time);
    return granted();
  }
  Answer answer = Answer::queued;
};

}  // namespace

TEST_CASE("the operator's cap counts at once and until the next configuration", "[schedule]") {
  Desk desk;
  const Ticket first = desk.arrive(), second = desk.arrive(), third = desk.arrive();
  CHECK(desk.admission.snapshot(desk.now).at(0).cap_from == CapFrom::settings);
  CHECK_FALSE(desk.admission.set_cap("p", "k", "other", 2, desk.now));
  REQUIRE(desk.admission.set_cap("p", "k", "m", 2, desk.now));
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{second});
  KeyState row = desk.admission.snapshot(desk.now).at(0);
  CHECK(row.cap == 2);
  CHECK(row.cap_from == CapFrom::operator_);
  REQUIRE(desk.admission.set_cap("p", "k", "m", 0, desk.now));
  CHECK(desk.admission.snapshot(desk.now).at(0).cap == 1);
  CHECK(desk.finish(first) == 0);          // two were out, one may be
  CHECK(desk.finish(second) == third);
  REQUIRE(desk.admission.set_cap("p", "k", "m", 5, desk.now));
  desk.admission.configure({{"p", Desk::capped(3)}}, 0, {}, desk.now);
  CHECK(desk.admission.snapshot(desk.now).at(0).cap == 3);
}

TEST_CASE("an automatic limit is remembered under the operator's cap", "[schedule]") {
  ProviderLimits limits;
  limits.concurrency = {Concurrency::Mode::automatic, 4, 0};
  Desk desk(limits);
  desk.finish(desk.arrive());
  REQUIRE(desk.admission.set_cap("p", "k", "m", 1, desk.now));
  CHECK_FALSE(desk.admission.snapshot(desk.now).at(0).automatic);
  REQUIRE(desk.admission.set_cap("p", "k", "m", 0, desk.now));
  CHECK(desk.admission.snapshot(desk.now).at(0).cap == 4);
  CHECK(desk.admission.snapshot(desk.now).at(0).cap_from == CapFrom::automatic);
}

TEST_CASE("sessions with a backlog get equal shares", "[schedule]") {
  Desk desk;
  std::map<Ticket, int> session_of;
  for (int i = 0; i < 1000; ++i)
    for (int s = 0; s < 4; ++s) session_of[desk.arrive("s" + std::to_string(s))] = s;
  std::map<int, int> share;
  Ticket running = 1;
  for (int i = 0; i < 2000; ++i) ++share[session_of[running = desk.finish(running)]];
  for (auto [session, count] : share) CHECK(std::abs(count - 500) <= 5);
}

TEST_CASE("background neither starves nor takes more than its share", "[schedule]") {
  Desk desk;
  std::map<Ticket, Class> class_of;
  for (int i = 0; i < 3000; ++i)
    for (auto klass : {Class::interactive, Class::background}) class_of[desk.arrive("s", klass)] = klass;
  int background = 0;
  Ticket running = 1;
  for (int i = 0; i < 1800; ++i) background += class_of[running = desk.finish(running)] == Class::background;
  CHECK(std::abs(background - 200) <= 2);
}

TEST_CASE("a late interactive request overtakes queued background ones", "[schedule]") {
  Desk desk;
  const Ticket first = desk.arrive("b", Class::background);
  for (int i = 0; i < 20; ++i) desk.arrive("b", Class::background);
  Ticket running = desk.finish(first);
  const Ticket late = desk.arrive("a", Class::interactive);
  CHECK(desk.finish(running) == late);
}

TEST_CASE("fifo order is plain arrival order", "[schedule]") {
  Desk desk(Desk::capped(1), 0, 100, Order::fifo);
  Ticket running = desk.arrive("a", Class::background);
  std::vector<Ticket> line;
  for (int i = 0; i < 20; ++i) line.push_back(desk.arrive("s" + std::to_string(i % 3), static_cast<Class>(i % 3)));
  for (Ticket expected : line) {
    REQUIRE(desk.finish(running) == expected);
    running = expected;
  }
}

TEST_CASE("a retry keeps its place and holds its key for everybody", "[schedule]") {
  Desk desk;
  const Ticket first = desk.arrive();
  const Ticket second = desk.arrive("other");
  desk.admission.retry(first, Ending::refused_concurrency, desk.now + 2s, desk.now);
  CHECK(desk.granted() == 0);
  CHECK(desk.admission.position(first) == 1);
  CHECK(desk.admission.position(second) == 2);
  CHECK(desk.admission.next_wakeup() == desk.now + 2s);
  CHECK(desk.pass(1999ms) == 0);
  CHECK(desk.pass(1ms) == first);
  CHECK(desk.finish(first) == second);
}

TEST_CASE("a refused request that is not tried again leaves its wait to those behind it", "[schedule]") {
  Desk desk;
  const Ticket first = desk.arrive(), second = desk.arrive(), third = desk.arrive();
  desk.admission.finish(first, Ending::refused_rate, desk.now, 0.5, desk.now + 400s);
  CHECK(desk.granted() == 0);
  desk.arrive("s", Class::interactive, "another model");
  CHECK(desk.answer == Answer::granted);
  CHECK(desk.admission.estimated_wait("p", "k", "m", desk.now) >= 400s);
  CHECK(desk.pass(399s) == 0);
  CHECK(desk.pass(1s) == second);
  CHECK(desk.finish(second) == third);
}

TEST_CASE("the queue is bounded and a cancelled request leaves it", "[schedule]") {
  Desk desk(Desk::capped(1), 0, 2);
  const Ticket first = desk.arrive();
  CHECK(desk.answer == Answer::granted);
  const Ticket second = desk.arrive();
  const Ticket third = desk.arrive();
  CHECK(desk.answer == Answer::queued);
  desk.arrive();
  CHECK(desk.answer == Answer::queue_full);
  desk.admission.cancel(second, desk.now);
  CHECK(desk.admission.waiting() == 1);
  CHECK(desk.finish(first) == third);
}

TEST_CASE("a group of models shares one quota, other models have their own", "[schedule]") {
  ProviderLimits limits = Desk::capped(1);
  limits.groups["g"] = {{"a", "b"}, {Concurrency::Mode::fixed, 2, 0}};
  Desk desk(limits);
  desk.arrive("s", Class::interactive, "a");
  desk.arrive("s", Class::interactive, "b");
  CHECK(desk.answer == Answer::granted);
  desk.arrive("s", Class::interactive, "b");
  CHECK(desk.answer == Answer::queued);
  desk.arrive("s", Class::interactive, "c");
  CHECK(desk.answer == Answer::granted);
}

TEST_CASE("tokens are counted exactly and a refused request gives them back", "[schedule]") {
  ProviderLimits limits = Desk::capped(10);
  limits.tokens_per_minute = 1000;
  Desk desk(limits);
  const Ticket first = desk.arrive("s", Class::interactive, "m", 800);
  const Ticket second = desk.arrive("s", Class::interactive, "m", 300);
  CHECK(desk.answer == Answer::queued);
  SECTION("by time") {
    CHECK(desk.pass(59'999ms) == 0);
    CHECK(desk.pass(1ms) == second);
  }
  SECTION("by a correction") {
    desk.admission.correct_tokens(first, 700, desk.now);
    CHECK(desk.granted() == second);
  }
  SECTION("by a refusal") { CHECK(desk.finish(first, Ending::refused_rate) == second); }
}

TEST_CASE("starts keep their interval and returned permits rest", "[schedule]") {
  ProviderLimits limits = Desk::capped(1);
  limits.start_interval = 300ms;
  limits.release_delay = 1s;
  Desk desk(limits);
  const Ticket first = desk.arrive();
  const Ticket second = desk.arrive();
  const Ticket elsewhere = desk.arrive("s", Class::interactive, "other");
  CHECK(desk.pass(300ms) == elsewhere);
  CHECK(desk.finish(first) == 0);
  CHECK(desk.admission.next_wakeup() == desk.now + 1s);
  CHECK(desk.pass(1s) == second);
}

TEST_CASE("an upstream that damages every answer sees at most 8 requests in 40 seconds", "[schedule]") {
  for (double random : {0.0, 0.5, 0.999}) {
    Desk desk(Desk::capped(5));
    // Four agents that ask again at once whenever their answer breaks.
    std::vector<Ticket> running;
    for (int i = 0; i < 4; ++i) running.push_back(desk.arrive("s" + std::to_string(i)));
    int starts = 4;
    const TimePoint end = desk.now + 40s;
    while (desk.now < end) {
      const auto broken = std::exchange(running, {});
      for (Ticket ticket : broken) {
        desk.admission.finish(ticket, Ending::damaged, desk.now, random);
        desk.arrive("s" + std::to_string(ticket % 4));
        if (desk.answer == Answer::granted) running.push_back(desk.last), ++starts;
      }
      desk.now = std::max(desk.now + 1ms, std::min(end, desk.admission.next_wakeup().value_or(end)));
      if (desk.now < end) desk.admission.tick(desk.now);
      for (Ticket ticket : desk.admission.take_grants()) running.push_back(ticket), ++starts;
    }
    INFO("random " << random << ": " << starts << " starts");
    CHECK(starts <= 8);
    CHECK(desk.admission.snapshot(desk.now)[0].damaged_in_a_row >= 4);
  }
}

TEST_CASE("one served answer ends the hold after damage", "[schedule]") {
  Desk desk;
  desk.finish(desk.arrive(), Ending::damaged);
  desk.finish(desk.arrive(), Ending::damaged);
  const Ticket third = desk.arrive();
  CHECK(desk.answer == Answer::queued);
  CHECK(desk.pass(1s) == third);
  CHECK(desk.finish(third) == 0);
  desk.arrive();
  CHECK(desk.answer == Answer::granted);
}

TEST_CASE("the expected wait follows the real finishing rate", "[schedule]") {
  Desk desk;
  Ticket running = desk.arrive();
  for (int i = 0; i < 30; ++i) desk.arrive();
  for (int i = 0; i < 20; ++i) {
    desk.now += 4s;
    running = desk.finish(running);
  }
  const auto wait = desk.admission.estimated_wait("p", "k", "m", desk.now);
  CHECK(wait >= 40s);
  CHECK(wait <= 48s);
}

TEST_CASE("time in which nobody asked for anything does not count as slowness", "[schedule]") {
  Desk desk;
  const auto use = [&] {
    const Ticket ticket = desk.arrive();
    desk.now += 200ms;
    desk.finish(ticket);
    desk.now += 30s;
  };
  for (int i = 0; i < 3; ++i) use();
  const Ticket running = desk.arrive();
  for (int i = 0; i < 9; ++i) desk.arrive();
  CHECK(desk.admission.estimated_wait("p", "k", "m", desk.now) == 2s);  // 600 ms for three, ten of them
  desk.now += 6s;  // slow now: that does count
  CHECK(desk.admission.estimated_wait("p", "k", "m", desk.now) == 22s);
  desk.finish(running);
  CHECK(desk.admission.estimated_wait("p", "k", "m", desk.now) == 14'850ms);  // 6.6 s for four, nine of them
}

TEST_CASE("a reload counts what runs against the new limits", "[schedule]") {
  Desk desk(Desk::capped(3));
  const Ticket first = desk.arrive(), second = desk.arrive();
  desk.admission.configure({{"p", Desk::capped(1)}}, 0, QueueConfig{}, desk.now);
  const Ticket third = desk.arrive();
  CHECK(desk.finish(first) == 0);
  CHECK(desk.finish(second) == third);
}

TEST_CASE("a key that gets another name takes along what runs, waits and is known under the old one", "[schedule]") {
  ProviderLimits limits = Desk::capped(2);
  limits.requests_per_minute = 3;
  limits.models["n"] = {Concurrency::Mode::fixed, 1, 0};
  Desk desk(limits);
  const Ticket first = desk.arrive(), other = desk.arrive("s", Class::interactive, "n");
  desk.arrive();
  const Ticket waits = desk.arrive(), waits_too = desk.arrive("s", Class::interactive, "n");
  desk.admission.hold("p", "k", "n", desk.now + 5s, desk.now);
  desk.admission.rename_key("p", "nobody", "team", desk.now);
  desk.admission.rename_key("p", "k", "team", desk.now);
  CHECK(desk.granted() == 0);
  const auto rows = desk.admission.snapshot(desk.now);
  REQUIRE(rows.size() == 2);
  CHECK((rows[0].key == "team" && rows[0].in_flight == 2 && rows[0].waiting == 1));
  CHECK((rows[1].key == "team" && rows[1].in_flight == 1 && rows[1].waiting == 1));
  desk.admission.arrive({++desk.last, "p", "team", "m", "generic", Class::interactive, "s", 0}, desk.now);
  CHECK(desk.finish(first) == waits);
  CHECK(desk.finish(waits) == 0);  // the third start in this minute was `waits`
  CHECK(desk.finish(other) == 0);
  CHECK(desk.pass(5s) == waits_too);
  CHECK(desk.pass(55s) == desk.last);
  CHECK(desk.admission.waiting() == 0);
  CHECK(desk.admission.in_flight() == 3);
}

TEST_CASE("a reload that shortens an interval or a rest lets those go that waited for it", "[schedule]") {
  ProviderLimits slow = Desk::capped(1), quick = Desk::capped(1);
  const bool interval = GENERATE(true, false);
  (interval ? slow.start_interval : slow.release_delay) = 15s;
  (interval ? quick.start_interval : quick.release_delay) = 2s;
  Desk desk(slow);
  desk.finish(desk.arrive());
  const Ticket second = desk.arrive();
  CHECK(desk.pass(1s) == 0);
  desk.admission.configure({{"p", quick}}, 0, QueueConfig{}, desk.now);
  CHECK(desk.granted() == 0);
  CHECK(desk.admission.next_wakeup() == desk.now + 1s);
  CHECK(desk.pass(1s) == second);  // counted from the start, or the return, before the reload
  desk.finish(second);
  const Ticket third = desk.arrive();
  desk.admission.configure({{"p", slow}}, 0, QueueConfig{}, desk.now);
  CHECK(desk.pass(14s) == 0);
  CHECK(desk.pass(1s) == third);
  desk.finish(third);
  const Ticket fourth = desk.arrive();
  desk.admission.configure({{"p", Desk::capped(1)}}, 0, QueueConfig{}, desk.now);
  CHECK(desk.granted() == fourth);
}

TEST_CASE("a provider that a reload takes away keeps its cap for what it left behind", "[schedule]") {
  Desk desk;
  const Ticket first = desk.arrive(), second = desk.arrive(), third = desk.arrive();
  desk.admission.configure({{"other", Desk::capped(1)}}, 0, QueueConfig{}, desk.now);
  CHECK(desk.granted() == 0);
  desk.admission.configure({{"other", Desk::capped(2)}}, 0, QueueConfig{}, desk.now);  // and the next reload
  CHECK(desk.granted() == 0);
  const Ticket being_read = desk.arrive();  // came in before the reload, was read whole after it
  CHECK(desk.answer == Answer::queued);
  CHECK(desk.finish(first) == second);
  CHECK(desk.finish(second) == third);
  CHECK(desk.finish(third) == being_read);
  CHECK(desk.admission.snapshot(desk.now).size() == 1);
  CHECK(desk.finish(being_read) == 0);
  CHECK(desk.admission.snapshot(desk.now).empty());
  desk.admission.configure({{"p", Desk::capped(2)}}, 0, QueueConfig{}, desk.now);  // and back
  desk.arrive();
  desk.arrive();
  CHECK(desk.answer == Answer::granted);
}

TEST_CASE("names that come once do not pile up", "[schedule]") {
  Desk desk;
  for (int i = 0; i < 5000; ++i) desk.finish(desk.arrive("s", Class::interactive, "model-" + std::to_string(i)));
  CHECK(desk.admission.snapshot(desk.now).size() <= 1100);
}
