// SPDX-License-Identifier: Apache-2.0
// Recordings served to a client: same bytes, same chunks, same kind of ending.
#include <thread>

#include "cli/replay_server.hpp"
#include "support/catch.hpp"
#include "support/test_client.hpp"

using namespace siltgate;
using namespace siltgate::cli;
using test::TestClient;

namespace {

observe::CapturedAttempt attempt_of(const std::vector<std::string>& reads, const std::string& how, bool complete, bool chunked = true) {
  observe::CapturedAttempt attempt;
  attempt.number = 1;
  attempt.head = observe::CapturedHead{"HTTP/1.1", 200, "OK", {{"Content-Type", "text/event-stream"}}, 0};
  if (chunked) attempt.head->fields.emplace_back("Transfer-Encoding", "chunked");
  std::uint64_t offset = 0;
  for (const std::string& bytes : reads) {
    observe::CapturedRead read{static_cast<std::int64_t>(attempt.reads.size()) * 30'000'000, offset, bytes, {}};
    if (chunked) read.chunk_ends = {static_cast<std::uint32_t>(bytes.size())};
    offset += bytes.size();
    attempt.reads.push_back(read);
  }
  attempt.how = how;
  attempt.body_complete = complete;
  attempt.end_ns = static_cast<std::int64_t>(reads.size()) * 30'000'000;
  return attempt;
}

test::Reply replayed(const observe::CapturedAttempt& attempt, bool fast = true, const std::string& body = "{}") {
  ReplayServer server(plan_replay(attempt), fast);
  REQUIRE(server.listen("127.0.0.1", 0).empty());
  bool served = false;
  std::thread serving([&] { served = server.serve_once([](const std::string&) {}); });
  test::Reply reply = TestClient::ask(server.port(), body);
  serving.join();
  CHECK(served);
  return reply;
}

}  // namespace

TEST_CASE("a replay delivers the recorded bytes in the recorded chunks", "[socket]") {
  std::string all;
  std::vector<std::string> reads;
  for (int i = 0; i < 50; ++i) reads.push_back("data: " + std::string(static_cast<std::size_t>(i * 37 % 400), static_cast<char>('a' + i % 26)) + "\xff\n\n");
  for (const std::string& each : reads) all += each;
  const auto reply = replayed(attempt_of(reads, "complete", true));
  CHECK(reply.status == 200);
  CHECK(reply.clean());
  CHECK(reply.body == all);
  CHECK(reply.chunks == reads);
}

TEST_CASE("a replay keeps the original pauses unless it is to be fast", "[socket]") {
  const auto attempt = attempt_of({"a", "b", "c", "d"}, "complete", true);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(replayed(attempt, false).body == "abcd");
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(90));
}

TEST_CASE("a stream that was cut is cut again", "[socket]") {
  const auto cut = replayed(attempt_of({"data: x\n\n"}, "upstream_closed", false));
  CHECK(cut.body == "data: x\n\n");
  CHECK_FALSE(cut.clean());
  CHECK(cut.end == test::End::fin);
  const auto broken = replayed(attempt_of({"data: x\n\n"}, "upstream_reset", false), false);
  CHECK_FALSE(broken.clean());
  CHECK(broken.end == test::End::reset);
}

TEST_CASE("silence lasts until the client leaves", "[socket]") {
  ReplayServer server(plan_replay(attempt_of({"data: x\n\n"}, "upstream_silent", false)), true);
  REQUIRE(server.listen("127.0.0.1", 0).empty());
  std::thread serving([&] { server.serve_once([](const std::string&) {}); });
  TestClient client(server.port());
  client.post_chat();
  CHECK(client.read_until("data: x").body == "data: x\n\n");
  client.leave();
  serving.join();
}

TEST_CASE("a replay takes large requests and says where it cannot listen", "[socket]") {
  CHECK(replayed(attempt_of({"x"}, "complete", true), true, std::string(3'000'000, 'y')).body == "x");
  ReplayServer first({}, true), second({}, true);
  REQUIRE(first.listen("127.0.0.1", 0).empty());
  CHECK_FALSE(second.listen("127.0.0.1", first.port()).empty());
  ReplayServer none({}, true);
  CHECK_FALSE(none.listen("localhost", 0).empty());
}
