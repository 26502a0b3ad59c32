// SPDX-License-Identifier: Apache-2.0
// One client connection: exchanges one after the other until either side wants no more.
#pragma once

#include <memory>

#include "flow/client_link.hpp"
#include "flow/services.hpp"

namespace siltgate::flow {

/// Runs until the connection is closed. `services` outlives it.
Task<void> run_session(std::unique_ptr<ClientLink> link, Entrance entrance, Services& services);

}  // namespace siltgate::flow
