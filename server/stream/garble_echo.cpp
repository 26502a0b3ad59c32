// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_echo.hpp"

#include <algorithm>
#include <bit>

namespace siltgate::stream {

bool EchoSignal::echoes(const Word& a, const Word& b) {
  const Word& shorter = a.size < b.size ? a : b;
  const Word& longer = a.size < b.size ? b : a;
  if (longer.size > longest) return false;
  const auto* first = shorter.letters.data();
  const auto* tail = longer.letters.data() + (longer.size - shorter.size);
  if (*first == *tail && std::equal(first, first + shorter.size, tail)) return true;
  return *first == longer.letters[0] && std::equal(first, first + shorter.size, longer.letters.data());
}

Certain EchoSignal::look_at_word(std::uint64_t at) {
  const bool alike = before_.size > 0 && echoes(word_, before_);
  const bool in_turn = word_.size == earlier_.size && echoes(word_, earlier_);
  const bool echo = alike && word_.size != before_.size && !in_turn;
  if (echo && streak_++ == 0) from_ = at - word_.size;
  if (!alike) forgive();
  if (!echo || streak_ < doubtful) return Certain::no;
  return streak_ >= certain ? Certain::yes : Certain::doubtful;
}

/// Goes from the end of one word to the end of the next.
Taken EchoSignal::take(const AsciiRow& row, std::uint32_t from, std::uint64_t at) {
  const std::uint32_t letters = row.letters(), rest = row.within() & ~0u << from;
  const std::uint32_t goes_on = word_.size > 0 ? 1u << from : 0;   // the word began before
  std::uint32_t starts = letters & ~(letters << 1 | goes_on) & rest;
  std::uint32_t ends = (letters << 1 | goes_on) & ~letters & rest;
  const auto letters_at = [letters](std::uint32_t i) { return static_cast<std::uint32_t>(std::countr_one(letters >> i)); };
  const auto begin_word = [&] {
    if (starts == 0) return;
    const auto start = static_cast<std::uint32_t>(std::countr_zero(starts));
    starts &= starts - 1;
    word_.begin(row, start, letters_at(start));
  };
  if (goes_on != 0) word_.add(row, from, letters_at(from));
  else begin_word();
  for (; ends != 0; ends &= ends - 1) {
    const auto end = static_cast<std::uint32_t>(std::countr_zero(ends));
    if (const Certain found = end_word(at + end); found != Certain::no) return {end + 1, found};
    begin_word();
  }
  return {row.size(), Certain::no};
}

}  // namespace siltgate::stream
