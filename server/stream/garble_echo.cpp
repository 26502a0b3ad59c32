// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_echo.hpp"

namespace siltgate::stream {
namespace {

constexpr std::uint32_t doubtful = 32, certain = 64;   // measured: docs/decisions/0020-garble.md
constexpr std::uint32_t forgiveness = 8;

}  // namespace

bool EchoSignal::echoes(const Word& a, const Word& b) {
  const Word& shorter = a.size < b.size ? a : b;
  const Word& longer = a.size < b.size ? b : a;
  if (longer.size > longest) return false;
  const auto* first = shorter.letters.data();
  const auto* tail = longer.letters.data() + (longer.size - shorter.size);
  if (*first == *tail && std::equal(first, first + shorter.size, tail)) return true;
  return *first == longer.letters[0] && std::equal(first, first + shorter.size, longer.letters.data());
}

Certain EchoSignal::end_word(std::uint64_t at) {
  const bool same_size = word_.size == before_.size;
  const bool echo = before_.size > 0 && !same_size && echoes(word_, before_);
  const bool equal = same_size && echoes(word_, before_);
  const bool in_turn = word_.size == earlier_.size && echoes(word_, earlier_);
  if (echo && !in_turn && streak_++ == 0) from_ = at - word_.size;
  if (!echo && !equal) streak_ -= std::min(streak_, forgiveness);
  earlier_ = before_;
  before_ = word_;
  word_.size = 0;
  if (!echo || in_turn || streak_ < doubtful) return Certain::no;
  return streak_ >= certain ? Certain::yes : Certain::doubtful;
}

}  // namespace siltgate::stream
