// SPDX-License-Identifier: Apache-2.0
// The fault matrix: what an upstream does wrong, what of it may be delivered, and the verdict that is due. The same rows stand in
// docs/verdicts.md; a test holds the two together.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flow/broken_streams.hpp"
#include "support/scripted_upstream.hpp"

namespace siltgate::test {

enum class Cutting { whole, bytes, random };
inline constexpr Cutting all_cuttings[] = {Cutting::whole, Cutting::bytes, Cutting::random};
constexpr std::string_view to_string(Cutting cutting) {
  constexpr std::string_view names[] = {"whole", "byte by byte", "at random"};
  return names[static_cast<int>(cutting)];
}

/// Sends what it is given in one of the three cuttings: as chunks, or raw.
class Sender {
 public:
  Sender(UpstreamExchange& exchange, Cutting cutting, unsigned seed) : exchange_(exchange), cutting_(cutting), random_(seed) {}

  UpstreamExchange& exchange() { return exchange_; }
  void chunks(std::string_view bytes);
  void raw(std::string_view bytes);
  /// A whole answer with Content-Length whose body is cut.
  void answer(int status, std::string_view type, std::string_view body);

 private:
  std::string_view piece_of(std::string_view& bytes);

  UpstreamExchange& exchange_;
  Cutting cutting_;
  std::mt19937 random_;
};

enum class Ends {
  told,     // an error event of siltgate, then no clean end
  cut,      // nothing more, and no clean end
  clean,    // as upstream ended it
  refused,  // an HTTP error: nothing had been delivered
};

struct FaultRow {
  const char* what;
  std::string path = "/v1/chat/completions";
  std::string fields{};                    // of the head of the stream
  std::string before{};                    // sound, sent first and delivered
  std::function<void(Sender&)> then{};     // the fault and the end
  std::string more{};                      // what else is delivered behind `before`
  Ends ends = Ends::told;
  int status = 200;
  const char* blame = "provider";
  const char* cause = "";
  const char* certainty = "certain";       // the provider is on this machine
};

/// What happens inside an answer that has begun, or in place of one.
std::vector<FaultRow> fault_rows();

}  // namespace siltgate::test
