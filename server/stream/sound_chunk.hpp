// SPDX-License-Identifier: Apache-2.0
// Reads the usual payload fast: one JSON object, not deep, with plain numbers. Takes only what it is certain of and says
// nothing about the rest.
#pragma once

#include <string>
#include <string_view>

#include "stream/chunk_facts.hpp"

namespace siltgate::stream {

/// True: the payload is sound JSON and `facts` has what it says. False: nothing is said, and `facts` is worth nothing.
/// Strings that had escapes lie in `decoded`.
bool read_sound_chunk(std::string_view payload, ChunkFacts& facts, std::string& decoded);

}  // namespace siltgate::stream
