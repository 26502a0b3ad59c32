// SPDX-License-Identifier: Apache-2.0
// One client connection: exchanges one after the other until either side wants no more.
#pragma once

#include "flow/services.hpp"
#include "net/connection.hpp"

namespace siltgate::flow {

/// Runs until the connection is closed. `entrance` and `connection` live in the coroutine. `services` outlives it.
Task<void> run_session(net::Connection connection, Entrance entrance, Services& services);

}  // namespace siltgate::flow
