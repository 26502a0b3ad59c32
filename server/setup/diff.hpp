// SPDX-License-Identifier: Apache-2.0
// What changed between two texts, as a unified diff. Pure.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::setup {

/// "" when both are equal. `colour`: red and green for a terminal. Three lines of context.
std::string unified_diff(std::string_view before, std::string_view after, const std::string& name, bool colour = false);

}  // namespace siltgate::setup
