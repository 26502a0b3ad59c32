// SPDX-License-Identifier: Apache-2.0
// Signal `symbols`: digits and marks of every kind strewn between spaces ("8 1:#2 -9. }4(2:4 -9 -{&)9"). Code, regular
// expressions, formulas, tables, dumps and paths are full of digits and marks too, but use few kinds of them at one place
// or close the brackets they open. So it takes all of: few letters, digits, spaces, a third of marks, many kinds of marks,
// and brackets of two kinds that do not match. Knows one text, no others.
#pragma once

#include <array>
#include <cstdint>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class SymbolsSignal {
 public:
  Certain take(const GarbleChar& c) {
    counts_ += (std::uint64_t{1} << 8 * static_cast<unsigned>(c.kind)) + one_more;
    if (c.kind == CharKind::punctuation && c.code < 128) mark(static_cast<char>(c.code));
    return counts_ < full ? Certain::no : close(c.at);
  }
  /// `count` letters at once, no more than room().
  Certain take_letters(std::uint32_t count, std::uint64_t last_at) {
    counts_ += count * ((std::uint64_t{1} << 8 * static_cast<unsigned>(CharKind::letter)) + one_more);
    return counts_ < full ? Certain::no : close(last_at);
  }
  std::uint32_t room() const { return block_size - static_cast<std::uint32_t>(counts_ >> 56); }
  int kinds() const { return found_kinds_; }
  int unmatched() const { return found_unmatched_; }
  std::uint64_t from() const { return from_; }

  static constexpr std::uint32_t block_size = 32;
  static constexpr std::uint32_t blocks = 4;
  static constexpr std::uint32_t window = block_size * blocks;   // characters looked at together

 private:
  static constexpr std::uint64_t one_more = std::uint64_t{1} << 56;
  static constexpr std::uint64_t full = block_size * one_more;
  struct Block {
    std::uint64_t counts = 0;      // characters of each CharKind, a byte each; the topmost byte counts all
    std::uint32_t marks = 0;       // a bit for each of the 32 marks of ASCII
    std::uint8_t closers = 0;      // closing brackets ...
    std::uint8_t unmatched = 0;    // ... that close nothing, or something else
    std::uint8_t which = 0;        // a bit for each kind of those
  };
  void mark(char c);
  Certain close(std::uint64_t at);

  std::uint64_t counts_ = 0;        // of the open block
  std::array<Block, blocks> blocks_{};
  std::array<char, 16> open_{};     // the innermost open brackets
  std::uint32_t depth_ = 0;
  std::uint32_t now_ = 0;
  std::uint32_t streak_ = 0;        // judgements in a row that found it
  int found_kinds_ = 0;
  int found_unmatched_ = 0;
  std::uint64_t from_ = 0;
};

}  // namespace siltgate::stream
