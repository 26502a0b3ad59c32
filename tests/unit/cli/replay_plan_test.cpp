// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_plan.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::cli;
using End = ReplayPlan::End;

namespace {

observe::CapturedAttempt attempt_of(std::vector<observe::CapturedRead> reads, std::string how, bool complete, std::string coding = "chunked") {
  observe::CapturedAttempt attempt;
  attempt.number = 1;
  attempt.head = observe::CapturedHead{"HTTP/1.1", 200, "OK", {{"Content-Type", "text/event-stream"}, {"Set-Cookie", "[redacted]"}, {"Connection", "keep-alive"}}, 5};
  if (!coding.empty()) attempt.head->fields.emplace_back("Transfer-Encoding", coding);
  attempt.reads = std::move(reads);
  attempt.how = std::move(how);
  attempt.body_complete = complete;
  attempt.end_ns = 100;
  return attempt;
}

std::string wire_of(const ReplayPlan& plan) {
  std::string out;
  for (const auto& step : plan.steps) out += step.bytes;
  return out;
}

}  // namespace

TEST_CASE("chunks of a replay begin and end where they did, across and inside reads", "[cli]") {
  const auto plan = plan_replay(attempt_of({{10, 0, "abc", {2}}, {20, 3, "defgh", {1, 4}}, {30, 8, "i", {1}}}, "complete", true));
  REQUIRE(plan.steps.size() == 4);
  CHECK(plan.steps[0].bytes == "2\r\nab\r\n2\r\nc");
  CHECK(plan.steps[1].bytes == "d\r\n3\r\nefg\r\n2\r\nh");
  CHECK(plan.steps[2].bytes == "i\r\n");
  CHECK(plan.steps[3].bytes == "0\r\n\r\n");
  CHECK(plan.steps[1].ns == 15);
  CHECK(plan.end == End::clean);
}

TEST_CASE("a chunk that the end cut stays open and no last chunk follows", "[cli]") {
  const auto plan = plan_replay(attempt_of({{10, 0, "abcd", {2}}}, "upstream_closed", false));
  CHECK(wire_of(plan) == "2\r\nab\r\n3\r\ncd");
  CHECK(plan.end == End::fin);
}

TEST_CASE("a replay ends as the original did; where siltgate stopped reading it never ends cleanly", "[cli]") {
  CHECK(plan_replay(attempt_of({}, "upstream_reset", false)).end == End::reset);
  CHECK(plan_replay(attempt_of({}, "upstream_silent", false)).end == End::silence);
  CHECK(plan_replay(attempt_of({}, "damaged", false)).end == End::fin);
  CHECK(plan_replay(attempt_of({}, "damaged", true)).end == End::clean);
  CHECK(plan_replay(attempt_of({}, "", false)).end == End::fin);
}

TEST_CASE("a compressed answer is replayed as it was recorded, decoded", "[cli]") {
  auto attempt = attempt_of({{10, 0, "abc", {}}, {20, 3, "de", {}}}, "complete", true, "");
  attempt.head->fields = {{"Content-Encoding", "gzip"}, {"Content-Length", "31"}};
  const auto plan = plan_replay(attempt);
  CHECK(plan.head == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  CHECK(wire_of(plan) == "5\r\nabcde\r\n0\r\n\r\n");
}

TEST_CASE("the head of a replay is the provider's, less what belonged to its connection", "[cli]") {
  const auto plan = plan_replay(attempt_of({}, "complete", true));
  CHECK(plan.head == "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a body that was not chunked is replayed read by read", "[cli]") {
  const auto plan = plan_replay(attempt_of({{10, 0, "ab", {}}, {20, 2, "cd", {}}}, "complete", true, ""));
  REQUIRE(plan.steps.size() == 2);
  CHECK(wire_of(plan) == "abcd");
}
