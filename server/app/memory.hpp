// SPDX-License-Identifier: Apache-2.0
// What an App remembers over restarts: the limits it learned and the salt of key names. No credential, no text of any exchange.
#pragma once

#include <string>

namespace siltgate::app {

/// $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/siltgate, else ~/.local/state/siltgate; "" when none of them is set.
std::string state_directory();

}  // namespace siltgate::app
