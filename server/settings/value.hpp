// SPDX-License-Identifier: Apache-2.0
// One value into its place, or the sentences that say what is wrong with it. Knows nothing of the rest of the file.
#pragma once

#include <string>
#include <vector>

#include "settings/field_table.hpp"
#include "settings/jsonc.hpp"
#include "settings/machine.hpp"

namespace siltgate::settings {

struct ValueReading {
  bool set = false;                    // the place was written
  bool referenced = false;             // {env:…} and the like stood in it
  std::vector<Complaint> complaints;
};

/// Reads `node` as `field` says and writes it to `slot`. Messages never hold a secret.
ValueReading read_value(const Field& field, const Node& node, const Slot& slot, const Machine& machine);

/// "a duration such as "30s"": what the field takes, for messages and the reference.
std::string expectation(const Field& field);
/// "from 1ms to 24h", "" where there is no bound worth saying.
std::string range_text(const Field& field);
/// "the number 30", "a string" (secrets), "an object".
std::string found_text(const Node& node, bool secret);

}  // namespace siltgate::settings
