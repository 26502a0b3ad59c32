// SPDX-License-Identifier: Apache-2.0
#include "observe/verdict.hpp"

#include "observe/judge_steps.hpp"

namespace siltgate::observe {

// The first step that can decide does. The order is the contract's (section 8): what siltgate or the client did itself
// comes before what the upstream did, and what broke the transport before what the bytes say.
//   1. siltgate refused or failed by itself (queue, drain, repeat, access, malformed request, own limits, bug)
//   2. the client left first
//   3. no connection to the provider: name, TCP, proxy, TLS
//   4. the provider answered with an error status
//   5. the stream broke: reset, FIN before its end, framing that is not HTTP
//   6. silence: the provider's first byte or the next byte did not come in time
//   7. damaged bytes: a check rejected or dropped an event
//   8. an error the provider reported inside a 200 answer
//   9. damaged bytes that a check only flags, delivered as they came
//  10. sound bytes, degenerate text: the model
//  11. delivered bytes differ from received ones for no recorded reason: siltgate
//  12. sound answer, but the client sent the request again by itself after a cut one: client
//  13. intact: everything checked, everything delivered; what the user saw was made after delivery
//  14. none of these: unknown
Verdict judge(const ExchangeRecord& record) {
  using namespace steps;
  if (auto v = own_refusal(record)) return *v;          // 1
  if (auto v = client_left(record)) return *v;          // 2
  if (auto v = not_connected(record)) return *v;        // 3
  if (auto v = provider_status(record)) return *v;      // 4
  if (auto v = broken_stream(record)) return *v;        // 5
  if (auto v = silence(record)) return *v;              // 6
  if (auto v = damaged_bytes(record)) return *v;        // 7
  if (auto v = in_band_error(record)) return *v;        // 8
  if (auto v = flagged_damage(record)) return *v;       // 9
  if (auto v = degenerate_text(record)) return *v;      // 10
  if (auto v = changed_by_siltgate(record)) return *v;  // 11
  if (auto v = client_replay(record)) return *v;        // 12
  if (auto v = intact(record)) return *v;               // 13
  return undecided(record);                             // 14
}

int exit_code(Blame blame) {
  constexpr int codes[] = {0, 10, 11, 12, 13, 14};
  return codes[static_cast<int>(blame)];
}

}  // namespace siltgate::observe
