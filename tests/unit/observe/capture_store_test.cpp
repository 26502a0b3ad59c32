// SPDX-License-Identifier: Apache-2.0
// What stays in the folder of captures when there is no room for everything.
#include <map>

#include "observe/capture_files.hpp"
#include "observe/capture_store.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

const WallTime noon(std::chrono::seconds(1'790'000'000));

char letter(int digit) { return static_cast<char>('a' + digit); }

/// A folder of 1 MiB and the recordings on their way into it.
struct Desk {
  explicit Desk(bool keeps_all = false) : store(folder.path() + "/captures", [this](bool, const std::string& sentence) { said.push_back(sentence); }) {
    store.configure(1_MiB, std::chrono::hours(24), keeps_all, noon);
  }
  void write(int who, std::size_t bytes) {
    auto& subject = subjects[who];
    if (!subject) subject = std::make_shared<CaptureSubject>(CaptureSubject{static_cast<std::uint64_t>(who), "sg_aaaaaaaa" + std::string{letter(who / 10), letter(who % 10)}, noon + std::chrono::seconds(who), {}});
    CaptureBatch batch;
    batch.subject = subject;
    batch.other = "\"x\":\"" + std::string(bytes, 'x') + "\"";
    CaptureEntry entry;
    entry.size = static_cast<std::uint32_t>(batch.other.size());
    batch.entries.push_back(entry);
    store.write(std::move(batch), noon);
  }
  void finish(int who, bool keep, WallTime when = noon) { store.finish(subjects.at(who), keep, "\"record\":{}", when); }
  void evidence(int who, std::size_t bytes) {
    write(who, bytes);
    finish(who, true);
  }
  /// The finished ones, oldest first.
  std::string names() const {
    std::string out;
    for (const auto& file : list_captures(folder.path() + "/captures")) {
      for (char c : file.id.substr(file.id.size() - 2)) out += static_cast<char>('0' + (c - 'a'));
      out += ' ';
    }
    return out;
  }

  siltgate::test::TemporaryFolder folder;
  std::vector<std::string> said;
  CaptureStore store;
  std::map<int, std::shared_ptr<CaptureSubject>> subjects;
};

}  // namespace

TEST_CASE("streams under way push no finished capture out, and a new one finds room all the same", "[observe]") {
  Desk desk;
  for (int who : {1, 2, 3}) desk.evidence(who, 50'000);
  for (int round = 0; round < 12; ++round)
    for (int who = 10; who < 18; ++who) desk.write(who, 20'000);
  CHECK(desk.names() == "01 02 03 ");
  CHECK(desk.store.status().bytes <= 1024 * 1024);
  CHECK(desk.store.status().lost > 0);
  desk.evidence(20, 60'000);
  for (int who = 10; who < 18; ++who) desk.finish(who, false);   // they were sound: nothing was lost that anybody wanted
  CHECK(desk.names() == "01 02 03 20 ");
  CHECK(desk.said.empty());
}

TEST_CASE("a folder full of captures takes new ones, and the oldest go", "[observe]") {
  for (bool keeps_all : {false, true}) {
    Desk desk(keeps_all);
    for (int who = 1; who < 20; ++who) desk.evidence(who, 100'000);
    CHECK(desk.names() == (keeps_all ? "10 11 12 13 14 15 16 17 18 19 " : "13 14 15 16 17 18 19 "));
    const auto before = desk.names();
    for (int round = 0; round < 3; ++round)
      for (int who = 30; who < 40; ++who) desk.write(who, 50'000);
    if (!keeps_all) CHECK(desk.names() == before);
    CHECK(desk.names().ends_with("13 14 15 16 17 18 19 "));
    CHECK(desk.store.status().bytes <= 1024 * 1024);
  }
}

TEST_CASE("captures given up for want of room are said once a minute", "[observe]") {
  Desk desk;
  for (int round = 0; round < 12; ++round)
    for (int who = 10; who < 18; ++who) desk.write(who, 20'000);
  for (int who = 10; who < 18; ++who) desk.finish(who, true);
  REQUIRE(desk.said.size() == 1);
  CHECK(desk.said[0].find("a capture was given up, the last of sg_aaaaaaaa") == 0);
  for (int round = 0; round < 12; ++round)
    for (int who = 20; who < 28; ++who) desk.write(who, 20'000);
  for (int who = 20; who < 28; ++who) desk.finish(who, true, noon + std::chrono::minutes(2));
  REQUIRE(desk.said.size() == 2);
  CHECK(desk.said[1].find(" captures were given up, the last of sg_aaaaaaaa") != std::string::npos);
}
