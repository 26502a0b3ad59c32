// SPDX-License-Identifier: Apache-2.0
// What the program asks of the system for itself: no core dumps, descriptors, memory given back. Knows nothing of exchanges.
#pragma once

#include <cstddef>

namespace siltgate::app {

/// From now on a crash leaves no image of this process on disk: it would hold keys and prompts (docs/decisions/0081).
void forbid_core_dumps();

/// Opens /dev/null for each of input, output and errors that the caller closed: a socket in their place would be sent what is meant for a terminal.
void fill_standard_descriptors();

/// Raises the soft limit of open descriptors to the hard one.
void raise_descriptor_limit();

/// How many client connections fit the descriptors this process may open: each may need another one towards a provider, and
/// `providers` may each keep some resting ones. At least 1.
std::size_t connections_that_fit(std::size_t providers);
/// The same for a known limit.
std::size_t connections_that_fit(std::size_t descriptors, std::size_t providers);

/// Hands memory that was freed back to the system; worth it after a crowd has left.
void give_back_memory();

}  // namespace siltgate::app
