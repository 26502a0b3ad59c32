// SPDX-License-Identifier: Apache-2.0
// Signal `run`: one character again and again ("GGGGGGGG", "!!!!!!!!"), what a model emits whose logits have gone to NaN
// or whose cache is overwritten. How long a run must be depends on what it is made of, because healthy text has runs too:
// rulers and indents, zeros, dummy hashes ("aaaa…"), placeholders ("xxxx"), Base64 of zeros ("AAAA…"), gene sequences,
// laughter. Knows one text, no others.
#pragma once

#include <cstdint>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class RunSignal {
 public:
  Certain take(const GarbleChar& c) {
    if (c.code == code_) [[unlikely]] return ++length_ >= look_at_ ? judge() : Certain::no;
    begin(c);
    return Certain::no;
  }
  /// The text is complete: a text that is nothing but a short run shows only now.
  Certain finish() const;

  char32_t code() const { return code_; }
  std::uint64_t length() const { return length_; }
  std::uint64_t from() const { return from_; }

 private:
  void begin(const GarbleChar& c) {
    whole_ = c.at == 0;
    code_ = c.code;
    kind_ = c.kind;
    length_ = 1;
    look_at_ = least_;
    from_ = c.at;
  }
  /// Looks at the bounds of what the run is made of, and says when to look again.
  Certain judge();

  static constexpr std::uint64_t least_ = 24;   // below it no run says anything while the text goes on
  char32_t code_ = 0xFFFFFFFF;
  CharKind kind_ = CharKind::symbol;
  bool whole_ = false;                          // the text consists of this run
  std::uint64_t length_ = 0;
  std::uint64_t look_at_ = least_;
  std::uint64_t from_ = 0;
};

}  // namespace siltgate::stream
