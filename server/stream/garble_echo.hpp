// SPDX-License-Identifier: Apache-2.0
// Signal `echo`: word after word is the end or the beginning of the one before ("hant ramariphant iphant t"), a loop that
// never repeats exactly. Healthy text has such neighbours in grammar tables and in explanations of prefixes, a handful in
// a row. Equal
// neighbours and two words in turn ("r Operator r Operator") say nothing here: loops have a signal of their own. Knows one text, no others.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class EchoSignal {
 public:
  Certain take(const GarbleChar& c) {
    if (c.kind == CharKind::letter) [[likely]] {
      if (word_.size < longest) word_.letters[word_.size] = fold(c.code);
      ++word_.size;
      return Certain::no;
    }
    return word_.size == 0 ? Certain::no : end_word(c.at);
  }
  void take_letters(std::string_view letters) {
    for (const char c : letters) {
      if (word_.size < longest) word_.letters[word_.size] = static_cast<std::uint8_t>(c);
      ++word_.size;
    }
  }
  std::uint32_t count() const { return streak_; }
  std::uint64_t from() const { return from_; }

 private:
  static constexpr std::uint32_t longest = 24;   // letters compared; longer words are no echo
  struct Word {
    std::array<std::uint8_t, longest> letters{};
    std::uint32_t size = 0;
  };
  static std::uint8_t fold(char32_t code) { return static_cast<std::uint8_t>(code ^ (code >> 8) * 31); }
  static bool echoes(const Word& a, const Word& b);
  Certain end_word(std::uint64_t at);

  Word word_;                  // being read
  Word before_;                // the last one ...
  Word earlier_;               // ... and the one before it
  std::uint32_t streak_ = 0;   // neighbours that echo; one that does not takes eight away
  std::uint64_t from_ = 0;
};

}  // namespace siltgate::stream
