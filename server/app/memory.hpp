// SPDX-License-Identifier: Apache-2.0
// What an App remembers over restarts: the limits it learned and the salt of key names. No credential, no text of any exchange;
// captures lie beside it (observe/capture_store.hpp).
#pragma once

#include <string>

namespace siltgate::app {

/// Of this process: observe::state_directory().
std::string state_directory();

}  // namespace siltgate::app
