// SPDX-License-Identifier: Apache-2.0
// Flags and environment variables over a filled Settings.
#pragma once

#include <vector>

#include "settings/load.hpp"

namespace siltgate::settings {

/// Writes flags, and where there is no flag the environment, over `settings`; `where` of each fault names the flag or variable.
std::vector<Diagnostic> apply_overrides(const Overrides& overrides, const Machine& machine, Settings& settings, Origins& origins);

}  // namespace siltgate::settings
