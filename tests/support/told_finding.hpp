// SPDX-License-Identifier: Apache-2.0
// A finding as one line of text, for tests that compare two runs of the checks.
#pragma once

#include <string>

#include "base/finding.hpp"

namespace siltgate::stream::test {

/// Check, action and event, with a blank behind each.
inline std::string told_what(const Finding& finding) {
  return std::string(to_string(finding.check)) + ' ' + std::string(to_string(finding.action)) + ' ' + std::to_string(finding.event) + ' ';
}

inline std::string told(const Finding& finding) { return told_what(finding) + std::to_string(finding.offset) + ' ' + finding.reason + '\n'; }

/// Without what depends on how many bytes there were: the offset, and the numbers that some reasons give.
inline std::string told_without_bytes(const Finding& finding) {
  std::string reason = finding.reason;
  std::erase_if(reason, [](char c) { return c >= '0' && c <= '9'; });
  return told_what(finding) + reason + '\n';
}

}  // namespace siltgate::stream::test
