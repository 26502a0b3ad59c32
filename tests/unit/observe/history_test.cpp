// SPDX-License-Identifier: Apache-2.0
#include "observe/history.hpp"

#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

ExchangeRecord named(const std::string& id, Blame blame = Blame::intact) {
  ExchangeRecord r = sound_record();
  r.id = id;
  r.verdict.blame = blame;
  return r;
}

}  // namespace

TEST_CASE("the history keeps the newest records and forgets the oldest", "[observe]") {
  History history(2);
  CHECK(history.find("last") == nullptr);
  for (auto id : {"sg_aaaaaaaaaa", "sg_bbbbbbbbbb", "sg_cccccccccc"}) history.add(named(id));
  CHECK(history.size() == 2);
  CHECK(history.find("sg_aaaaaaaaaa") == nullptr);
  CHECK(history.find("last")->id == "sg_cccccccccc");
  CHECK(history.list({}, 10).front()->id == "sg_cccccccccc");
  CHECK(history.list({}, 1).size() == 1);
}

TEST_CASE("records are found by the unique beginning of their id", "[observe]") {
  History history;
  for (auto id : {"sg_abxxxxxxxx", "sg_acxxxxxxxx", "sg_bbxxxxxxxx"}) history.add(named(id));
  CHECK(history.find("sg_ab")->id == "sg_abxxxxxxxx");
  CHECK(history.find("b")->id == "sg_bbxxxxxxxx");
  CHECK(history.find("sg_a") == nullptr);
  CHECK(history.find("sg_") == nullptr);
  CHECK(history.find("") == nullptr);
  CHECK(history.find("zz") == nullptr);
}

TEST_CASE("filters choose by verdict and by time", "[observe]") {
  History history;
  history.add(named("sg_aaaaaaaaaa", Blame::provider));
  history.add(named("sg_bbbbbbbbbb"));
  ExchangeRecord late = named("sg_cccccccccc", Blame::provider);
  late.started_at += std::chrono::minutes(5);
  history.add(late);
  Filter filter;
  filter.verdict = Blame::provider;
  CHECK(history.list(filter, 10).size() == 2);
  filter.since = late.started_at;
  CHECK(history.list(filter, 10).size() == 1);
}

TEST_CASE("subscribers hear of each record until they leave, even from inside the call", "[observe]") {
  History history;
  int first = 0, second = 0;
  History::Subscription one = 0;
  one = history.subscribe([&](const RecordPtr&) {
    ++first;
    history.unsubscribe(one);
  });
  history.subscribe([&](const RecordPtr& record) { second += record->id == "sg_abcdefghij"; });
  history.add(sound_record());
  history.add(sound_record());
  CHECK(first == 1);
  CHECK(second == 2);
  CHECK(history.subscribers() == 1);
}

TEST_CASE("a replay is recognised only from a replaying client right after its cut answer", "[observe]") {
  ExchangeRecord cut = failed_record(Cause::upstream_closed);
  cut.user_agent = "opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5";
  cut.client_keep_alive = true;
  ExchangeRecord again = cut;
  again.peer = "127.0.0.1:50002";
  again.accepted = cut.ended + std::chrono::milliseconds(3);
  const auto found = [](const ExchangeRecord& earlier, const ExchangeRecord& later) {
    History history;
    history.add(earlier);
    return history.replayed(later) != nullptr;
  };
  CHECK(found(cut, again));
  ExchangeRecord other = again;
  other.accepted = cut.ended + std::chrono::seconds(2);
  CHECK_FALSE(found(cut, other));
  other = again;
  other.request_sha256 = "other";
  CHECK_FALSE(found(cut, other));
  other = again;
  other.peer = "192.0.2.1:50002";
  CHECK_FALSE(found(cut, other));
  ExchangeRecord earlier = cut;
  earlier.client_keep_alive = false;
  CHECK_FALSE(found(earlier, again));
  earlier = cut;
  earlier.ended_cleanly = true;
  CHECK_FALSE(found(earlier, again));
  earlier = cut;
  other = again;
  earlier.user_agent = other.user_agent = sound_record().user_agent;
  CHECK_FALSE(found(earlier, other));
}
