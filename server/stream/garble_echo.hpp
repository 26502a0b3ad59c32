// SPDX-License-Identifier: Apache-2.0
// Signal `echo`: word after word is the end or the beginning of the one before ("hant ramariphant iphant t"), a loop that
// never repeats exactly. Healthy text has such neighbours in grammar tables and in explanations of prefixes, a handful in
// a row. Equal
// neighbours and two words in turn ("r Operator r Operator") say nothing here: loops have a signal of their own. Knows one text, no others.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "stream/garble_chars.hpp"
#include "stream/garble_row.hpp"

namespace siltgate::stream {

class EchoSignal {
 public:
  Certain take(const GarbleChar& c) {
    if (c.kind == CharKind::letter) [[likely]] {
      word_.add(fold(c.code), 1);
      return Certain::no;
    }
    return word_.size == 0 ? Certain::no : end_word(c.at);
  }
  /// As take() of one character after the other. Goes on at `from` and stops behind the first that reaches a bound.
  Taken take(const AsciiRow& row, std::uint32_t from, std::uint64_t at);
  /// A sequence that sets a colour begins. The words that such sequences end with ("m") and stick to ("mok") echo one another.
  void take_colour() { streak_ = 0; }
  /// True when the next few characters cannot end enough words, whatever they are.
  bool calm(std::uint32_t characters) const { return streak_ + (characters + 1) / 2 < doubtful; }
  std::uint32_t count() const { return streak_; }
  std::uint64_t from() const { return from_; }

 private:
  static constexpr std::uint32_t longest = 24;   // letters compared; longer words are no echo
  static constexpr std::uint32_t doubtful = 32, certain = 64;   // measured: docs/decisions/0020-garble.md
  static constexpr std::uint32_t forgiveness = 8;
  struct Word {
    std::array<std::uint8_t, longest + 8> letters{};
    std::uint8_t size = 0;   // of a word that is too long: any such size

    void begin(const AsciiRow& row, std::uint32_t from, std::uint32_t count) {
      size = 0;
      put(row.bytes_from(from));
      if (count <= 8) [[likely]] size = static_cast<std::uint8_t>(count);
      else add(row, from, count);
    }
    void add(const AsciiRow& row, std::uint32_t from, std::uint32_t count) {
      for (std::uint32_t i = 0; i < count; i += 8) add(row.bytes_from(from + i), std::min(count - i, 8u));
    }
    /// Up to eight letters.
    void add(std::uint64_t bytes, std::uint32_t count) {
      if (size > longest) return;
      put(bytes);
      size = static_cast<std::uint8_t>(size + count);
    }
    /// What is no letter any more is written over by the next ones, or lies behind the end of the word.
    void put(std::uint64_t bytes) {
      bytes = lowest_first(bytes);
      std::memcpy(letters.data() + size, &bytes, sizeof bytes);
    }
    /// The first letter and the last one.
    std::uint32_t ends() const { return letters[0] | letters[size - 1u] << 8; }
  };
  static std::uint8_t fold(char32_t code) { return static_cast<std::uint8_t>(code ^ (code >> 8) * 31); }
  static bool echoes(const Word& a, const Word& b);
  /// Most words neither begin nor end as the one before.
  Certain end_word(std::uint64_t at) {
    const std::uint32_t ends = word_.ends(), differ = ends ^ ends_before_;
    Certain found = Certain::no;
    if ((differ & 0xFF) == 0 || (differ & 0xFF00) == 0) [[unlikely]] found = look_at_word(at);
    else if (streak_ > 0) forgive();
    earlier_ = before_;
    before_ = word_;
    ends_before_ = ends;
    word_.size = 0;
    return found;
  }
  void forgive() { streak_ -= std::min(streak_, forgiveness); }
  Certain look_at_word(std::uint64_t at);

  std::uint64_t from_ = 0;
  std::uint32_t streak_ = 0;   // neighbours that echo; one that does not takes eight away
  std::uint32_t ends_before_ = 0;
  Word word_;                  // being read
  Word before_;                // the last one ...
  Word earlier_;               // ... and the one before it
};

}  // namespace siltgate::stream
