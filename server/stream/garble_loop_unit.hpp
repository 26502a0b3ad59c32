// SPDX-License-Identifier: Apache-2.0
// What a repeating piece of text is made of, and how long it may go on before it is damage. Words that repeat are a loop
// soon; cells, numbers, brackets and rulers repeat for pages in healthy tables, matrices, fixtures and drawings. Knows the
// piece as LoopSignal keeps it, one byte for each element.
#pragma once

#include <cstdint>
#include <string>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

/// An element of text in one byte: ASCII as it is, a whole number as one, else a few bits of the character.
namespace loop_element {
inline constexpr std::uint8_t number = 0x80;   // to 0x9F; the low bits differ with the digits
inline constexpr std::uint8_t mark = 0xA0;     // to 0xBF: beyond ASCII, no letter
inline constexpr std::uint8_t dense = 0xC0;    // to 0xDF: letters of a script that writes words in one or two
inline constexpr std::uint8_t letter = 0xE0;   // to 0xFF: other letters beyond ASCII
constexpr bool is_number(std::uint8_t e) { return e >= number && e < mark; }
/// Numbers are alike here, so that "step 1 … step 2 …" repeats.
constexpr std::uint8_t alike(std::uint8_t e) { return is_number(e) ? number : e; }
}  // namespace loop_element

enum class LoopKind : std::uint8_t { words, one_word, short_word, unbroken, code, blank, data };

/// Lengths of the repeating stretch in letters' worth (a dense letter counts as two), and repetitions.
struct LoopBounds {
  std::uint64_t stretch = 0;
  std::uint64_t repetitions = 0;
};

struct LoopUnit {
  LoopKind kind = LoopKind::data;
  std::uint32_t words = 0;
  std::uint32_t worth = 0;   // of the whole unit
  std::uint32_t size = 0;    // elements
};

LoopUnit look_at_unit(std::string elements);

/// From when on a loop is damage, doubtful and certain. `counting`: only its numbers change. `quoted`: inside a block of
/// code or the arguments of a tool, where fixtures and tables live.
LoopBounds loop_bounds(const LoopUnit& unit, bool counting, bool quoted, Certain certain);

}  // namespace siltgate::stream
