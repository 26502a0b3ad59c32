// SPDX-License-Identifier: Apache-2.0
// Captures on a disk that has no room, without a special file system: RLIMIT_FSIZE makes write(2) fail with EFBIG as a full
// disk makes it fail with ENOSPC. A process of its own would be cleaner; the limit is for files this process writes, and
// the test writes none meanwhile.
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "observe/capture_files.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate;
using namespace siltgate::test;
namespace fs = std::filesystem;

namespace {

/// While one lives, no file of this process grows over `bytes`.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit limit_{};
  void (*before_)(int) = nullptr;
};

template <class Reached>
bool reached_soon(Reached reached) {
  const Deadline deadline = soon();
  while (!reached())
    if (std::chrono::steady_clock::now() > deadline) return false;
    else std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return true;
}

}  // namespace

TEST_CASE("with a full disk captures stop and say so, traffic goes on, and captures come back with the room", "[capture]") {
  TemporaryFolder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({std::string(100'000, 'x')}); });
  RunningSiltgate siltgate(upstream, R"({"capture": {"mode": "all"}})", folder.path());
  const std::string captures = folder.path() + "/captures";
  {
    FullDisk full(20'000);
    for (int i = 0; i < 3; ++i) {
      auto reply = TestClient::ask(siltgate.port());
      CHECK(reply.clean());
      CHECK((reply.body == sse_chat({std::string(100'000, 'x')})));
    }
    CHECK(reached_soon([&] { return siltgate.state()["capture_stopped"].is_string(); }));
    CHECK(siltgate.state()["capture_stopped"].get<std::string>().find("captures stop: " + captures) != std::string::npos);
    CHECK(observe::list_captures(captures).empty());
    CHECK(reached_soon([&] { return siltgate.state()["capture_bytes"] == 0; }));
    CHECK(reached_soon([&] { return fs::is_empty(captures); }));   // no part is left behind
  }
  CHECK(TestClient::ask(siltgate.port()).clean());
  CHECK(reached_soon([&] { return observe::list_captures(captures).size() == 1; }));
  CHECK(reached_soon([&] { return siltgate.state()["capture_stopped"].is_null(); }));
}
