// SPDX-License-Identifier: Apache-2.0
// Bytes as hex and ASCII, 16 a line, with their offset in the body and a mark under the fault. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate::observe {

/// "00000d40  64 61 …  |da…|" lines, each ended by LF. `offset` is the body offset of the first byte; lines start at
/// multiples of 16. `fault`, when it lies in the bytes or right behind them, gets a line of "^^" under its byte.
std::string hexdump(std::string_view bytes, std::uint64_t offset, std::optional<std::uint64_t> fault = {});

/// "64 61 74 61": for a single line of a log.
std::string hex_bytes(std::string_view bytes);
/// Printable ASCII as it is, everything else as a dot.
std::string printable(std::string_view bytes);

}  // namespace siltgate::observe
