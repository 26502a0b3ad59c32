// SPDX-License-Identifier: Apache-2.0
// What siltgate learns outlives it.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/chat_bytes.hpp"
#include "support/running_siltgate.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate::test;
namespace fs = std::filesystem;

namespace {

std::string key_of_one_request(const TemporaryFolder& folder) {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": "auto"}}}})", folder.path() + "/state");
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer sk-canary-4711\r\n").clean());
  std::string key = siltgate.exchanges()[0]["key"];
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
  return key;
}

}  // namespace

TEST_CASE("the name of an unnamed key is the same after a restart, and its characters are nowhere", "[memory]") {
  TemporaryFolder folder;
  std::string before = key_of_one_request(folder);
  CHECK(before.front() == '#');
  CHECK(key_of_one_request(folder) == before);
  std::ifstream file(folder.path() + "/state/learned.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.find("salt") != std::string::npos);
  CHECK(text.find("canary") == std::string::npos);
  struct stat info {};
  REQUIRE(::stat((folder.path() + "/state/learned.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a memory that is not understood costs what was learned and not the start", "[memory]") {
  TemporaryFolder folder;
  fs::create_directories(folder.path() + "/state");
  std::ofstream(folder.path() + "/state/learned.json") << "{ half";
  CHECK(key_of_one_request(folder).front() == '#');
}

TEST_CASE("a model whose name is no UTF-8 is not learned, and does not end the process", "[memory]") {
  TemporaryFolder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": "auto"}}}})", folder.path() + "/state");
  TestClient::ask(siltgate.port(), "{\"model\":\"bad\xff\",\"stream\":true}");
  CHECK(TestClient::ask(siltgate.port(), chat_request("Say hi", "good")).clean());
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
  std::ifstream file(folder.path() + "/state/learned.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text.find("good") != std::string::npos);
  CHECK(text.find("bad") == std::string::npos);
}
