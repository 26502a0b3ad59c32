// SPDX-License-Identifier: Apache-2.0
// Admission as one of several instances on the same caps.
#include <algorithm>

#include "schedule/adaptive_limit.hpp"
#include "schedule/admission.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using namespace std::chrono_literals;

namespace {

struct Desk {
  Admission admission;
  TimePoint now{1h};
  Ticket last = 0;

  explicit Desk(const ProviderLimits& limits, int total = 0) { admission.configure({{"p", limits}}, total, QueueConfig{}, now); }
  Answer arrive(const std::string& session = "s", Class klass = Class::interactive, std::int64_t tokens = 0) {
    return admission.arrive({++last, "p", "k", "m", "zai", klass, session, tokens}, now);
  }
  int cap() { return admission.snapshot(now).at(0).cap; }
};

ProviderLimits fixed(int cap) {
  ProviderLimits limits;
  limits.concurrency = {Concurrency::Mode::fixed, cap, 0};
  return limits;
}

}  // namespace

TEST_CASE("the parts of a cap add up to the cap, and nobody is left with none", "[schedule]") {
  for (int cap : {1, 2, 3, 7, 10})
    for (int parts : {1, 2, 3, 5}) {
      int sum = 0;
      for (int rank = 0; rank < parts; ++rank) {
        Desk desk(fixed(cap));
        desk.arrive();
        desk.admission.share({parts, rank, true, true}, desk.now);
        sum += desk.cap();
      }
      CHECK(sum == std::max(cap, parts));
    }
}

TEST_CASE("caps stay whole and per-minute limits are divided while the group decides", "[schedule]") {
  ProviderLimits limits = fixed(5);
  limits.requests_per_minute = 4;
  Desk desk(limits);
  desk.admission.share({2, 0, true, false}, desk.now);
  CHECK(desk.arrive() == Answer::granted);
  CHECK(desk.cap() == 5);
  CHECK(desk.arrive() == Answer::granted);
  CHECK(desk.arrive() == Answer::queued);
  desk.admission.tick(desk.now += 61s);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{3});
}

TEST_CASE("a grant makes room for whoever waits for a cap they share, whatever their models", "[schedule]") {
  ProviderLimits limits = fixed(2);
  limits.per = Per::key;
  limits.models["narrow"] = {Concurrency::Mode::fixed, 1, 0};
  Desk desk(limits);
  const auto arrive = [&](const std::string& key, const std::string& model) {
    desk.admission.arrive({++desk.last, "p", key, model, "zai", Class::background, "s", 0}, desk.now);
    return desk.last;
  };
  const Ticket narrow = arrive("k", "narrow"), wide = arrive("k", "m");
  const Ticket waits = arrive("k", "other"), waits_narrow = arrive("k", "narrow"), elsewhere = arrive("k2", "m");
  CHECK(desk.admission.makes_room(wide, waits));
  CHECK(desk.admission.makes_room(narrow, waits));
  CHECK(desk.admission.makes_room(narrow, waits_narrow));
  CHECK_FALSE(desk.admission.makes_room(wide, waits_narrow));  // its model has no room either
  CHECK_FALSE(desk.admission.makes_room(elsewhere, waits));
  desk.admission.hold("p", "k", "", desk.now + 1s, desk.now);
  CHECK_FALSE(desk.admission.makes_room(wide, waits));         // it is not the cap that keeps it waiting
}

TEST_CASE("a grant that was not used goes back to its place with its tokens", "[schedule]") {
  ProviderLimits limits = fixed(1);
  limits.tokens_per_minute = 100;
  Desk desk(limits);
  CHECK(desk.arrive("a", Class::interactive, 80) == Answer::granted);
  CHECK(desk.arrive("a", Class::interactive, 80) == Answer::queued);
  desk.admission.take_back(1, false, desk.now);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{1});  // the earlier one of the same session again, at once
  desk.admission.take_back(1, false, desk.now);
  desk.admission.take_grants();
  desk.admission.cancel(1, desk.now);
  CHECK(desk.admission.in_flight() <= 1);
}

TEST_CASE("an urgent newcomer gets the turn that was taken back from a background request", "[schedule]") {
  Desk desk(fixed(1));
  CHECK(desk.arrive("b", Class::background) == Answer::granted);
  CHECK(desk.arrive("a", Class::interactive) == Answer::queued);
  desk.admission.take_back(1, false, desk.now);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{2});
  desk.admission.finish(2, Ending::served, desk.now);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{1});
}

TEST_CASE("a request that started before comes back ahead of the others", "[schedule]") {
  Desk desk(fixed(1));
  desk.arrive("a");
  desk.arrive("b");
  desk.admission.retry(1, Ending::transient, desk.now + 1s, desk.now);
  desk.admission.tick(desk.now += 2s);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{1});
  desk.admission.take_back(1, true, desk.now);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{1});
}

TEST_CASE("the path of a request names its caps widest first, the same on every instance", "[schedule]") {
  ProviderLimits limits;
  limits.total = 7;
  limits.release_delay = 5ms;
  limits.concurrency = {Concurrency::Mode::automatic, 0, 4};
  Desk one(limits, 9), other(limits, 9);
  one.arrive();
  other.arrive();
  const SharedPath path = one.admission.path_of(1);
  REQUIRE(path.caps.size() == 3);
  CHECK(path.caps[0].cap == 9);
  CHECK(path.caps[1].cap == 7);
  CHECK(path.caps[2].cap == 1);  // where the profile zai starts
  CHECK(path.caps[2].automatic);
  CHECK(path.caps[2].most == 4);
  CHECK(path.caps[2].scope == path.quota);
  CHECK(path.rest == Duration(5ms));
  CHECK(other.admission.path_of(1).quota == path.quota);
  CHECK(one.admission.path_of(77).caps.empty());
}

TEST_CASE("no name of a model makes a scope that separates or ends where it does not", "[schedule]") {
  Desk desk(fixed(1));
  const std::vector<std::string> models{"a\x1e" "b", "a\x1f" "b", "a\x1d" "b", "a\x1d>b", "a\x1d?b", "a>b", "ab", "\x1e"};
  std::vector<std::string> scopes;
  for (const auto& model : models) {
    desk.admission.arrive({++desk.last, "p", "k", model, "zai", Class::interactive, "s", 0}, desk.now);
    scopes.push_back(desk.admission.path_of(desk.last).quota);
    CHECK(scopes.back().find('\x1e') == std::string::npos);
    CHECK(std::count(scopes.back().begin(), scopes.back().end(), '\x1f') == 3);
  }
  std::sort(scopes.begin(), scopes.end());
  CHECK(std::unique(scopes.begin(), scopes.end()) == scopes.end());
  CHECK(desk.admission.snapshot(desk.now).size() == models.size());
}

TEST_CASE("automatic limits follow the group, not the endings seen here", "[schedule]") {
  ProviderLimits limits;
  limits.concurrency = {Concurrency::Mode::automatic, 3, 0};
  Desk desk(limits);
  desk.admission.share({2, 0, true, false}, desk.now);
  for (int i = 0; i < 3; ++i) CHECK(desk.arrive() == Answer::granted);
  desk.admission.finish(3, Ending::refused_concurrency, desk.now);
  CHECK(desk.cap() == 3);
  const std::string scope = desk.admission.path_of(1).quota;
  desk.admission.follow(scope, 1, desk.now);
  CHECK(desk.cap() == 1);
  CHECK(desk.arrive() == Answer::queued);
  desk.admission.follow(scope, 4, desk.now);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{4});
  desk.admission.share({2, 0, true, true}, desk.now);
  CHECK(desk.cap() == 2);
}

TEST_CASE("a hold by scope name holds what exists and nothing else", "[schedule]") {
  Desk desk(fixed(1));
  desk.arrive();
  const std::string scope = desk.admission.path_of(1).quota;
  desk.admission.finish(1, Ending::served, desk.now);
  desk.admission.hold_scope(scope, desk.now + 5s, desk.now);
  desk.admission.hold_scope("unknown", desk.now + 5s, desk.now);
  CHECK(desk.arrive() == Answer::queued);
  desk.admission.tick(desk.now += 5s);
  CHECK(desk.admission.take_grants() == std::vector<Ticket>{2});
}

TEST_CASE("an automatic limit goes on elsewhere with everything it knows", "[schedule]") {
  AdaptiveLimit here(4), there;
  TimePoint now{1h};
  for (int i = 0; i < 40; ++i) here.served(4, now += 1s, true, now);
  here.refused(4, now, now += 1s);
  REQUIRE(there.carry_on(here.carried()));
  for (int i = 0; i < 200; ++i) {
    now += 1s;
    here.served(3, now, true, now);
    there.served(3, now, true, now);
    CHECK(here.limit() == there.limit());
    CHECK(here.carried() == there.carried());
  }
  for (const char* text : {"", "1", "x", "0 0 0 0 0 0 0 0 0 0", "1 0 0 0 0 0 0 0 0 0 0", "-1 0 0 0 0 0 0 0 0 0", "1  0 0 0 0 0 0 0 0 0"})
    CHECK_FALSE(there.carry_on(text));
  CHECK(here.carried() == there.carried());
}
