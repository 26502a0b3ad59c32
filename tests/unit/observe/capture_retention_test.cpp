// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_desk.hpp"
#include "observe/capture_retention.hpp"
#include "unit/observe/sample_record.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

const WallTime now(std::chrono::seconds(1'790'000'000));

std::vector<CaptureFile> files(std::initializer_list<std::uint64_t> sizes) {
  std::vector<CaptureFile> out;
  for (std::uint64_t size : sizes) out.push_back({"", "", now - std::chrono::hours(10 - out.size()), size});
  return out;
}

}  // namespace

TEST_CASE("the name of a capture says when and which, and names sort by time", "[observe]") {
  const std::string name = capture_name(now + std::chrono::milliseconds(7), "sg_abcdefghij");
  const auto file = parse_capture_name(name);
  REQUIRE(file);
  CHECK(file->id == "sg_abcdefghij");
  CHECK(file->started_at == now + std::chrono::milliseconds(7));
  CHECK(name < capture_name(now + std::chrono::milliseconds(8), "sg_abcdefghij"));
  for (const char* other : {"", "x.jsonl", "learned.json", "20261126T235005.123Z-../../etc.jsonl", ".sg_abcdefghij-1-1.part"})
    CHECK_FALSE(parse_capture_name(other));
}

TEST_CASE("a part says which process writes it", "[observe]") {
  CHECK(part_owner(".sg_abcdefghij-4711-12.part") == 4711);
  for (const char* other : {"sg_abcdefghij-4711-12.part", ".sg_abcdefghij.part", ".sg_abcdefghij-x-1.part", ".sg_abcdefghij-12", ".sg_a-0-1.part"})
    CHECK_FALSE(part_owner(other));
}

TEST_CASE("the oldest captures go until the rest fits", "[observe]") {
  const auto age = std::chrono::hours(24);
  CHECK(surplus(files({10, 10, 10}), 0, 30, age, now) == 0);
  CHECK(surplus(files({10, 10, 10}), 1, 30, age, now) == 1);
  CHECK(surplus(files({10, 10, 10}), 11, 30, age, now) == 2);
  CHECK(surplus(files({10, 10, 10}), 100, 30, age, now) == 3);
  CHECK(surplus({}, 100, 30, age, now) == 0);
}

TEST_CASE("captures that are too old go even when there is room", "[observe]") {
  CHECK(surplus(files({1, 1, 1}), 0, 30, std::chrono::hours(9), now) == 1);
  CHECK(surplus(files({1, 1, 1}), 0, 30, std::chrono::minutes(1), now) == 3);
}

TEST_CASE("in mode rejected only what went wrong is worth keeping", "[observe]") {
  ExchangeRecord record = sound_record();
  record.verdict.blame = Blame::intact;
  CHECK_FALSE(worth_keeping(record));
  record.findings = {sample_finding(Check::tool_arguments, Action::flag)};
  CHECK_FALSE(worth_keeping(record));
  for (Action action : {Action::repair, Action::drop, Action::reject}) {
    record.findings = {sample_finding(Check::utf8, action)};
    CHECK(worth_keeping(record));
  }
  record.findings.clear();
  record.verdict.blame = Blame::client;
  CHECK(worth_keeping(record));
  ExchangeRecord failed = failed_record(Cause::upstream_reset);
  failed.verdict.blame = Blame::intact;
  CHECK(worth_keeping(failed));
}
