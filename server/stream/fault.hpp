// SPDX-License-Identifier: Apache-2.0
// What a check says about one event, before the configured action turns it into a Finding.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/finding.hpp"

namespace siltgate::stream {

struct Fault {
  Check check = Check::json;
  std::string reason;               // without model text
  std::size_t at = 0;               // position in the payload
  bool only_flag = false;           // worth recording, never worth failing; of garble: it has healthy look-alikes
  std::size_t value_size = 0;       // finish_reason: the bytes at `at` to be replaced ...
  std::string replacement = {};     // ... by these; empty = no repair is known
  std::string excerpt = {};         // decoded text for the finding, in place of the raw bytes around `at`
};

using Faults = std::vector<Fault>;

}  // namespace siltgate::stream
