// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_loop_unit.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace siltgate::stream {
namespace {

constexpr std::uint64_t never = ~0ull;

struct Tally {
  std::uint32_t letters = 0, dense = 0, blanks = 0, marks = 0, code = 0, numbers = 0;
  std::uint32_t words = 0;          // runs of letters; of dense letters, every two
  std::uint32_t cells = 0;          // of them: such as a row of a table repeats
  std::uint32_t longest_word = 0;   // in letters' worth
  std::string word;                 // the last one, in lower case
};

bool is_ascii_letter(std::uint8_t e) { return (e >= 'a' && e <= 'z') || (e >= 'A' && e <= 'Z'); }
bool is_letter(std::uint8_t e) { return is_ascii_letter(e) || e >= loop_element::dense; }

/// Marks that prose uses. Others are of code or data.
bool is_prose_mark(std::uint8_t e) {
  return e >= loop_element::mark || std::string_view(".,:;!?'-").find(static_cast<char>(e)) != std::string_view::npos;
}

/// Words that are cells of data, whatever language surrounds them.
bool is_value(std::string_view word) {
  constexpr std::array<std::string_view, 8> values{"false", "undefined", "empty", "value", "unknown", "missing", "error", "lorem"};
  return std::find(values.begin(), values.end(), word) != values.end();
}

/// What stands in cell after cell of a table that has little to say.
bool is_cell(std::string_view word) {
  constexpr std::array<std::string_view, 12> cells{"nan",  "null", "none", "true",  "false",     "na",
                                                   "nat",  "nil",  "inf",  "empty", "undefined", "missing"};
  return std::find(cells.begin(), cells.end(), word) != cells.end();
}

void end_word(Tally& tally, std::uint32_t letters, std::uint32_t dense) {
  if (letters + dense == 0) return;
  if (dense == 0 && is_cell(tally.word)) ++tally.cells;
  tally.words += (letters > 0 ? 1 : 0) + (dense + 1) / 2;
  tally.longest_word = std::max(tally.longest_word, letters + 3 * dense);
}

Tally count(const std::string& elements) {
  Tally tally;
  std::uint32_t letters = 0, dense = 0;
  for (const char c : elements) {
    const auto e = static_cast<std::uint8_t>(c);
    if (is_letter(e)) {
      const bool is_dense = e >= loop_element::dense && e < loop_element::letter;
      if (letters + dense == 0) tally.word.clear();
      tally.word += is_ascii_letter(e) ? static_cast<char>(e | 0x20) : c;
      ++(is_dense ? tally.dense : tally.letters);
      ++(is_dense ? dense : letters);
      continue;
    }
    end_word(tally, letters, dense);
    letters = dense = 0;
    if (loop_element::is_number(e)) ++tally.numbers;
    else if (e <= ' ') ++tally.blanks;
    else if (is_prose_mark(e)) ++tally.marks;
    else ++tally.code;
  }
  end_word(tally, letters, dense);
  return tally;
}

/// 1. Nothing but spaces and line ends. 2. Seven tenths letters (half in a
/// short piece), hardly a mark of code: prose. There, 3. no break at all
/// is a blob or a pattern, 4. a single word may be a cell or a laugh ("nan nan", "ha ha"), and many a row of cells, 5. or not. 6. Some
/// letters between few marks: code. 7. All else: data.
LoopKind kind_of(const Tally& tally, std::size_t size) {
  const std::size_t letters = tally.letters + tally.dense;
  const std::size_t foreign = tally.code + tally.numbers;
  if (tally.blanks == size) return LoopKind::blank;                                       // 1
  if (letters * 10 >= size * (size < 12 ? 5 : 7) && foreign * 20 <= size) {               // 2
    if (letters == size && tally.dense == 0) return LoopKind::unbroken;                   // 3
    if (tally.words > 1) return tally.cells == tally.words ? LoopKind::short_word : LoopKind::words;
    if (tally.longest_word < 5 || is_value(tally.word)) return LoopKind::short_word;      // 4
    return LoopKind::one_word;                                                            // 5
  }
  if (letters * 5 >= size * 2 && foreign * 4 <= size && tally.words >= 2) return LoopKind::code;  // 6
  return LoopKind::data;                                                                  // 7
}

/// Lines of a log or a feed repeat a few times (one post, passed on five times in a row, is in the reference texts);
/// a page that repeats is soon too much.
std::uint64_t repetitions_of_words(const LoopUnit& unit) {
  if (unit.words < 4) return 24;
  if (unit.worth < 120) return 5;
  return unit.worth < 600 ? 8 : unit.worth < 1000 ? 6 : 4;
}

std::uint64_t repetitions_of_code(const LoopUnit& unit) {
  return std::clamp<std::uint64_t>(2400 / std::max(unit.worth, 1u), 4, 24);
}

/// Verses that count ("99 bottles of beer") are healthy for a hundred rounds; a paragraph that counts is not.
LoopBounds counting_bounds(const LoopUnit& unit, bool quoted) {
  if (unit.kind != LoopKind::words || quoted || unit.words < 8) return {never, never};
  if (unit.words >= 24) return {2400, 16};
  return {5000, 120};
}

LoopBounds exact_bounds(const LoopUnit& unit) {
  switch (unit.kind) {
    case LoopKind::words: return {unit.words < 4 ? 300u : 360u, repetitions_of_words(unit)};
    case LoopKind::one_word: return {200, 22};
    case LoopKind::short_word: return {6000, 24};
    case LoopKind::unbroken: return {1200, 24};
    case LoopKind::code: return {4000, repetitions_of_code(unit)};
    case LoopKind::blank: return {3000, 24};
    case LoopKind::data: return {16000, 8};
  }
  return {never, never};
}

}  // namespace

LoopUnit look_at_unit(std::string elements) {
  // Where the period begins is chance: turn it so that no word is cut.
  const auto gap = std::find_if(elements.begin(), elements.end(), [](char c) { return !is_letter(static_cast<std::uint8_t>(c)); });
  if (gap != elements.end()) std::rotate(elements.begin(), gap, elements.end());
  const Tally tally = count(elements);
  const auto size = static_cast<std::uint32_t>(elements.size());
  return {kind_of(tally, elements.size()), tally.words, size + tally.dense, size};
}

/// Measured: docs/decisions/0020-garble.md. 1. Only words in running text are ever certain at once. 2. In quoted text
/// everything needs more. 3. Code, patterns and data are certain only when they fill pages.
LoopBounds loop_bounds(const LoopUnit& unit, bool counting, bool quoted, Certain certain) {
  if (counting) return certain == Certain::yes ? LoopBounds{never, never} : counting_bounds(unit, quoted);
  LoopBounds bounds = exact_bounds(unit);
  const bool plain = unit.kind == LoopKind::words || unit.kind == LoopKind::one_word;
  if (quoted) {                                                                             // 2
    bounds.stretch = plain ? 1600 : std::max<std::uint64_t>(bounds.stretch * 3, 8000);
    bounds.repetitions = std::max<std::uint64_t>(bounds.repetitions, plain && unit.worth < 200 ? 20 : 5);
  }
  if (certain == Certain::yes) {
    if (plain && !quoted) bounds.repetitions += bounds.repetitions / 2;                     // 1
    else bounds.stretch = std::max<std::uint64_t>(bounds.stretch * 3, 12000);               // 2, 3
  }
  return bounds;
}

}  // namespace siltgate::stream
