// SPDX-License-Identifier: Apache-2.0
// Signal `run`: one character again and again ("GGGGGGGG", "!!!!!!!!"), what a model emits whose logits have gone to NaN
// or whose cache is overwritten. How long a run must be depends on what it is made of, because healthy text has runs too:
// rulers and indents, zeros, dummy hashes ("aaaa…"), placeholders ("xxxx"), Base64 of zeros ("AAAA…"), gene sequences,
// laughter. Knows one text, no others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class RunSignal {
 public:
  Certain take(const GarbleChar& c) {
    if (c.code == code_) [[unlikely]] return ++length_ >= look_at_ ? judge() : Certain::no;
    begin(c);
    return Certain::no;
  }
  /// As take() of one character of ASCII after the other, the first of them at `at`, until one reaches a bound.
  Taken take_ascii(std::string_view text, std::uint64_t at) {
    if (text.size() >= least_ || static_cast<unsigned char>(text[0]) == code_) return look_for_runs(text, at);
    begin_in(text, run_start(text, text.size() - 1), at);   // too short to hold a run that says something
    return {text.size(), Certain::no};
  }
  /// How many more characters cannot make a run that says something, whatever they are; and how many more behind `piece`,
  /// of no more than that.
  std::uint32_t calm() const { return static_cast<std::uint32_t>(std::min(look_at_ - length_, least_) - 1); }
  static std::uint32_t calm_behind(std::string_view piece, std::uint32_t calm) {
    const auto size = static_cast<std::uint32_t>(piece.size());
    return piece.front() != piece.back() ? static_cast<std::uint32_t>(least_) - size : calm - size;
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
  /// Where the run begins that `text[last]` is part of.
  static std::size_t run_start(std::string_view text, std::size_t last) {
    while (last > 0 && text[last - 1] == text[last]) --last;
    return last;
  }
  /// A run that goes on to the end of the text.
  void begin_in(std::string_view text, std::size_t from, std::uint64_t at) {
    begin({static_cast<unsigned char>(text[from]), ascii_kind(text[from]), Script::none, at + from});
    length_ = text.size() - from;
  }
  Taken look_for_runs(std::string_view text, std::uint64_t at);
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
