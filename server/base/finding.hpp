// SPDX-License-Identifier: Apache-2.0
// What a stream check found: the check, what was done about it, where, and the bytes around it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate {

enum class Check {
  content_type, utf8, sse, json, shape, splice, finish, finish_reason, tool_arguments, garble
};
inline constexpr int check_count = 10;

constexpr std::string_view to_string(Check check) {
  constexpr std::string_view names[] = {"content_type", "utf8",   "sse",           "json",           "shape",
                                        "splice",       "finish", "finish_reason", "tool_arguments", "garble"};
  return names[static_cast<int>(check)];
}

/// pass: do not look. flag: record. repair: mend and record. drop: leave the event out. reject: fail the exchange.
enum class Action : std::uint8_t { pass, flag, repair, drop, reject };

constexpr std::string_view to_string(Action action) {
  constexpr std::string_view names[] = {"pass", "flag", "repair", "drop", "reject"};
  return names[static_cast<int>(action)];
}

struct Finding {
  Check check = Check::sse;
  Action action = Action::flag;       // what was done
  std::uint64_t event = 0;            // number of the event, from 1; 0 = not in an event
  std::uint64_t offset = 0;           // byte offset in the transfer-decoded upstream body
  bool at_read_boundary = false;      // a read of the upstream socket ended at or inside the fault
  std::string reason;                 // one sentence without model text, e.g. "continuation byte 0x9F without a lead byte"
  std::string excerpt;                // up to 64 raw bytes around the fault (may hold any byte); garble: decoded text
  std::uint64_t excerpt_offset = 0;   // body offset of the first byte of `excerpt`; garble: of its event
  int attempt = 0;                    // of the exchange, from 1; 0 = not known
  bool doubtful = false;              // no damage by itself: it has healthy look-alikes, or readers pass it over
};

/// Of several findings for one event, which names its fault? A spliced-in response usually breaks the JSON of the event it lands in
/// as well, and so does a NUL: a splice goes before everything else, then the framing; otherwise the later finding.
inline const Finding* naming(const Finding* a, const Finding* b) {
  if (!a || !b) return a ? a : b;
  const auto rank = [](const Finding& f) { return f.check == Check::splice ? 2 : f.check == Check::sse ? 1 : 0; };
  return rank(*a) > rank(*b) ? a : b;
}

/// The last one that failed the response, else the last one; null when there is none.
inline const Finding* rejecting(const std::vector<Finding>& findings) {
  for (auto finding = findings.rbegin(); finding != findings.rend(); ++finding)
    if (finding->action == Action::reject) return &*finding;
  return findings.empty() ? nullptr : &findings.back();
}

}  // namespace siltgate
