// SPDX-License-Identifier: Apache-2.0
// One case of the self-test: what is asked, what came, what siltgate says of it. Knows no table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/http_client.hpp"
#include "observe/record.hpp"

namespace siltgate::cli {

/// What a client must see.
enum class Outcome {
  whole,       // 200, ended properly, the bytes siltgate received
  mended,      // 200, ended properly, but repaired
  broken_off,  // 200, then a failure that no client can take for an end, and nothing damaged
  refused,     // the provider's own 429
  bad_gateway  // 502 before any byte
};

struct Case {
  std::string_view name;
  std::string_view model;
  Outcome outcome = Outcome::whole;
  std::vector<observe::Blame> blames;
  std::vector<std::string_view> causes;
  int clients = 1;                      // at the same time
};

const std::vector<Case>& selftest_cases();

/// What one client saw and siltgate's record of it.
struct Seen {
  HttpReply reply;
  std::string id;
  observe::ExchangeRecord record;
  bool recorded = false;
};

/// Runs the clients of one case against 127.0.0.1:port. Blocks until all are done.
std::vector<Seen> run_case(const Case& each, std::uint16_t port);

/// "200, 5120 bytes, whole".
std::string describe(const HttpReply& reply);
/// "" when this is what the case expects, else what is wrong.
std::string judge_case(const Case& each, const Seen& seen);

}  // namespace siltgate::cli
