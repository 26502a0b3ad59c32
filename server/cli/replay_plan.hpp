// SPDX-License-Identifier: Apache-2.0
// What replaying an attempt puts on the wire, when, and how it ends. Pure; knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "observe/capture_reader.hpp"

namespace siltgate::cli {

struct ReplayPlan {
  struct Step {
    std::int64_t ns = 0;      // after the head
    std::string bytes;        // one write
  };
  enum class End { clean, fin, reset, silence };

  std::string head;           // with its empty line
  std::vector<Step> steps;
  End end = End::clean;
  std::int64_t end_ns = 0;
};

/// One write for each upstream read, in the framing the provider used. Chunks of the transfer coding begin and end where
/// they did; one that the end cut stays open. `attempt` has a head.
///   1. The body was complete: a clean end, whatever was found in it.
///   2. upstream_reset: a reset.  3. upstream_silent: nothing more until the client leaves.
///   4. Everything else, also where siltgate stopped reading: FIN in the middle. What did not end cleanly never does.
ReplayPlan plan_replay(const observe::CapturedAttempt& attempt);

std::string_view to_string(ReplayPlan::End end);

}  // namespace siltgate::cli
