// SPDX-License-Identifier: Apache-2.0
// The reference corpus of raw requests, sent to a running siltgate: what must be refused never reaches upstream.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The first answer's status; 0 = closed without one, -1 = neither for a moment.
int answer_to(std::uint16_t port, const std::string& request) {
  TestClient client(port);
  try {
    client.send(request);
    return client.read_head(std::chrono::steady_clock::now() + std::chrono::milliseconds(300)).status;
  } catch (const TooLate&) {
    return -1;
  }
}

}  // namespace

TEST_CASE("a malformed request of the reference corpus is refused or cut off, and does not reach upstream", "[read_request]") {
  const char* corpus = std::getenv("SILTGATE_CORPUS");
  if (!corpus) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.answer(200, "{}"); });
  RunningSiltgate siltgate(upstream, R"({"admin": {"allowed_hosts": ["localhost", "example.com", "www.example.com"]}})");
  const std::string folder = std::string(corpus) + "/http1/";
  std::istringstream lines(slurp(folder + "index.jsonl"));
  int refused = 0;
  for (std::string line; std::getline(lines, line);) {
    auto row = nlohmann::json::parse(line);
    if (row["rfc_verdict"] != "reject") continue;
    int before = upstream.requests();
    int status = answer_to(siltgate.port(), slurp(folder + std::string(row["file"])));
    INFO(line);
    CHECK(upstream.requests() - before <= row["messages_before_stop"].get<int>());
    if (row["messages_before_stop"] == 0) CHECK((status == 0 || status >= 400));
    ++refused;
  }
  CHECK(refused > 50);
}
