// SPDX-License-Identifier: Apache-2.0
// Signal `symbols`: digits and marks of every kind strewn between spaces ("8 1:#2 -9. }4(2:4 -9 -{&)9"). Code, regular
// expressions, formulas, tables, dumps and paths are full of digits and marks too, but use few kinds of them at one place
// or close the brackets they open. So it takes all of: few letters, digits, spaces, a third of marks, many kinds of marks,
// and brackets of two kinds that do not match. Knows one text, no others.
#pragma once

#include <array>
#include <cstdint>

#include "stream/garble_chars.hpp"
#include "stream/garble_row.hpp"

namespace siltgate::stream {

class SymbolsSignal {
 public:
  Certain take(const GarbleChar& c) {
    last_.counts += (std::uint64_t{1} << 8 * static_cast<unsigned>(c.kind)) + one_more;
    if (c.kind == CharKind::punctuation && c.code < 128) take_mark(static_cast<char>(c.code));
    return last_.counts < full ? Certain::no : close(c.at);
  }
  /// As take() of one character after the other, no more than room().
  Certain take(const AsciiRow& row, std::uint64_t at) {
    last_.counts += row.counts() + row.size() * one_more;
    last_.marks |= row.marks();
    if (row.brackets() != 0) take_brackets(row);
    return last_.counts < full ? Certain::no : close(at + row.size() - 1);
  }
  std::uint32_t room() const { return block_size - static_cast<std::uint32_t>(last_.counts >> 56); }
  /// How many more characters, cannot make a soup, whatever they are: too many letters stand before them.
  std::uint32_t calm() const;
  int kinds() const { return found_kinds_; }
  int unmatched() const { return found_unmatched_; }
  std::uint64_t from() const { return from_; }

  static constexpr std::uint32_t block_size = 32;
  static constexpr std::uint32_t blocks = 4;
  static constexpr std::uint32_t window = block_size * blocks;   // characters looked at together

 private:
  static constexpr std::uint32_t fewer_letters = window * 35 / 100 + 1;   // than these in a window
  static std::uint32_t letters(std::uint64_t counts) { return counts >> 8 * static_cast<unsigned>(CharKind::letter) & 0xFF; }
  static constexpr std::uint64_t one_more = std::uint64_t{1} << 56;
  static constexpr std::uint64_t full = block_size * one_more;
  struct Block {
    std::uint64_t counts = 0;      // characters of each CharKind, a byte each; the topmost byte counts all
    std::uint32_t marks = 0;       // a bit for each of the 32 marks of ASCII
    std::uint8_t closers = 0;      // closing brackets ...
    std::uint8_t unmatched = 0;    // ... that close nothing, or something else
    std::uint8_t which = 0;        // a bit for each kind of those
  };
  void take_mark(char c);
  void take_bracket(char c);
  void take_brackets(const AsciiRow& row);
  Certain close(std::uint64_t at);

  Block last_;                      // the open one
  std::uint32_t depth_ = 0;
  std::uint32_t streak_ = 0;        // judgements in a row that found it
  std::uint8_t now_ = 0;
  std::uint8_t found_kinds_ = 0;
  std::uint8_t found_unmatched_ = 0;
  std::uint64_t from_ = 0;
  std::array<char, 16> open_{};     // the innermost open brackets
  std::array<Block, blocks> blocks_{};
};

}  // namespace siltgate::stream
