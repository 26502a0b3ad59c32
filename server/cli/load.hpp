// SPDX-License-Identifier: Apache-2.0
// From a Command to Settings: flags become overrides; refusals and warnings are printed.
#pragma once

#include <optional>

#include "cli/command_line.hpp"
#include "cli/io.hpp"
#include "settings/load.hpp"

namespace siltgate::cli {

settings::Overrides overrides_of(const Command& command);
/// The real machine with the environment of `io`.
settings::Machine machine_of(const Io& io);

/// Empty when refused: `exit` then says why in its way, and the errors are printed. Warnings are printed too.
std::optional<settings::Loaded> load_settings(const Command& command, const Io& io, int& exit);

}  // namespace siltgate::cli
