// SPDX-License-Identifier: Apache-2.0
// The way to the provider in words, for a stream that is under way: alive or dead, and how TCP knows. Pure.
#pragma once

#include <string>

#include "observe/record.hpp"

namespace siltgate::observe {

/// "alive: its machine answered 1.2s ago, no retransmits". Behind a proxy, TCP sees no further than the proxy.
std::string path_words(PathState state, const TcpSample& tcp, bool through_proxy);

}  // namespace siltgate::observe
