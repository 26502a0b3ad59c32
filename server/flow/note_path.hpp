// SPDX-License-Identifier: Apache-2.0
// Takes down what the kernel knows of the way to the provider, while its connection is still there.
#pragma once

#include "flow/exchange.hpp"

namespace siltgate::flow {

/// At the end of an answer, at a break, and when siltgate gives the connection up. `said`: what the system said at a break.
void note_path(Exchange& x, net::Connection& upstream, ErrorCode said = {});

/// How the way to the provider stands at this moment.
struct PathNow {
  observe::PathState state = observe::PathState::unknown;
  observe::TcpSample tcp;
};
/// Asks the kernel, once per call: for whoever watches. Empty while the exchange has no connection, or the system does not tell.
std::optional<PathNow> path_now(const Exchange& x);

}  // namespace siltgate::flow
