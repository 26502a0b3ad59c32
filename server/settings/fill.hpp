// SPDX-License-Identifier: Apache-2.0
// From the tree of a file to Settings, by the field table. Judges keys and single values; what values mean together is
// judged in check.hpp.
#pragma once

#include <vector>

#include "settings/field_table.hpp"
#include "settings/machine.hpp"
#include "settings/origin.hpp"
#include "settings/source.hpp"

namespace siltgate::settings {

/// Writes what `root` says over `settings`, notes origins, hides literal secrets in `source`. Returns every fault.
std::vector<Complaint> fill_settings(Source& source, const Node& root, Settings& settings, Origins& origins,
                                     const Machine& machine);

/// Why `name` cannot be a name in this section; "" when it can.
std::string name_fault(std::string_view section, std::string_view name);

/// The sentence about a key that `section` does not have.
std::string unknown_key_message(std::string_view section, const Names& names, std::string_view key);

}  // namespace siltgate::settings
