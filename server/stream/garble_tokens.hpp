// SPDX-License-Identifier: Apache-2.0
// Signal `tokens`: control tokens and tool markup that belong to the protocol between server and model and have leaked
// into the text: <|im_end|>, [/INST], </arg_value>, </think>. Programmers and models also talk about them, and some
// providers send <think>…</think> or <|begin_of_box|>…<|end_of_box|> on purpose. So what is quoted, stands in code, or
// comes as a pair says nothing, and a single leak is never certain. Certain is only the same token again and again with
// no words between. Knows one text, no others.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class TokensSignal {
 public:
  enum class Kind : std::uint8_t { repeated, at_the_end, turn, tool_call, torn_tag, end_of_thought };

  /// `quoted`: inside code. `arguments`: the text is JSON arguments of a tool, where only tags of that very JSON matter.
  Certain take(const GarbleChar& c, bool quoted, bool arguments) {
    Certain found = Certain::no;
    if (turn_) found = after_turn(c);
    if (size_ > 0) found = std::max(found, capture(c, quoted, arguments));
    if (c.code == U'<' || c.code == U'[') begin(c);
    else if (c.kind != CharKind::space) note(c);
    letters_ = letters_ << 1 | (c.kind == CharKind::letter ? 1u : 0u);
    before_ = c.code;
    return found;
  }
  /// True when letters mean nothing but that they are there.
  bool idle() const { return size_ == 0 && !turn_; }
  /// ASCII letters at once, while idle.
  void take_letters(std::uint32_t count, char32_t last, std::uint64_t last_at) {
    letters_ = count >= 32 ? ~0u : letters_ << count | ((1u << count) - 1);
    if (count > 1 || !line_begins_) announced_ = false;
    line_begins_ = false;
    last_solid_ = last_at;
    before_ = last;
  }
  /// The text is complete.
  Certain finish();

  Kind kind() const { return kind_; }
  std::uint32_t count() const { return bare_; }
  std::uint64_t from() const { return from_; }

 private:
  static constexpr std::size_t longest = 48;   // of a token, in characters

  void begin(const GarbleChar& c) {
    opened_line_ = line_begins_;
    size_ = 0;
    note(c);
    size_ = 1;
    text_[0] = static_cast<char>(c.code);
    opened_at_ = c.at;
    opened_behind_ = before_;
    opened_letters_ = letters_;
  }
  void note(const GarbleChar& c) {
    if (c.kind == CharKind::newline) {
      line_begins_ = true;
      return;
    }
    if (size_ == 0) {
      announced_ = c.code == U':' || c.code == U'：' || (announced_ && line_begins_);
      line_begins_ = false;
    }
    last_solid_ = c.at;
  }
  Certain capture(const GarbleChar& c, bool quoted, bool arguments);
  Certain complete(const GarbleChar& c, bool quoted, bool arguments);
  Certain unmatched(const GarbleChar& c, std::uint8_t key, bool tool_tag, bool arguments);
  Certain after_turn(const GarbleChar& c);
  Certain doubt(Kind kind);
  bool attached() const;

  std::array<char, longest> text_{};        // the token being read
  std::uint8_t size_ = 0;                   // 0 = none
  std::array<std::uint8_t, 32> open_{};     // begun and not ended, by a hash of the name
  char32_t before_ = U'\n';
  std::uint32_t letters_ = 0;               // a bit for each of the last characters: was it a letter?
  bool line_begins_ = true;
  bool announced_ = false;                  // the last line ended with a colon: an example follows
  std::uint64_t last_solid_ = 0;            // last character that is no space
  std::uint64_t opened_at_ = 0;
  char32_t opened_behind_ = 0;              // what the token stands behind
  std::uint32_t opened_letters_ = 0;
  bool opened_line_ = false;
  bool about_ = false;                      // the text has quoted such a token: it talks about them
  bool turn_ = false;                       // a token that begins a turn stood at the start of a line
  bool ending_ = false;                     // ... and it was </think> instead
  bool in_call_ = false;                    // <tool_call> is open
  std::uint64_t end_at_ = ~0ull;            // last character of the last leak that would be one at the end of the text
  std::uint64_t end_from_ = 0;
  std::uint8_t bare_key_ = 0;               // the token that was met last with no words around it
  std::uint32_t bare_ = 0;                  // how often in a row
  std::uint64_t bare_from_ = 0, bare_last_ = 0;
  Kind kind_ = Kind::repeated;
  std::uint64_t from_ = 0;
};

}  // namespace siltgate::stream
