// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_scripts.hpp"

#include <algorithm>

namespace siltgate::stream {
namespace {

constexpr std::uint32_t doubtful = 3, certain = 8;   // measured: docs/decisions/0020-garble.md

}  // namespace

/// Joints that healthy text has: 1. Latin beside anything but Cyrillic (particles behind Latin names); beside Cyrillic they
/// occur in formats of dates ("MMMMын"), so there a letter of a third script has to be near. 2. Greek beside
/// anything (formulas). 3. Hanja in Korean.
bool ScriptsSignal::is_usual(Script a, Script b) {
  if (a > b) std::swap(a, b);
  if (a == Script::latin) return b != Script::cyrillic;              // 1
  if (a == Script::greek || b == Script::greek) return true;         // 2
  return a == Script::hangul && b == Script::han;                    // 3
}

Certain ScriptsSignal::joint(Script a, Script b, std::uint64_t at) {
  if (is_usual(a, b)) return Certain::no;
  if ((a == Script::latin || b == Script::latin) && at > third_at_) return Certain::no;
  joints_[next_] = at;
  next_ = (next_ + 1) % most;
  filled_ = std::min(filled_ + 1, most);
  counted_ = 0;
  while (counted_ < filled_ && at - joints_[(next_ + most - 1 - counted_) % most] < reach) ++counted_;
  if (counted_ >= certain) return Certain::yes;
  return counted_ >= doubtful ? Certain::doubtful : Certain::no;
}

}  // namespace siltgate::stream
