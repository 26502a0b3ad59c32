// SPDX-License-Identifier: Apache-2.0
// Signal `tokens`: control tokens and tool markup that belong to the protocol between server and model and have leaked
// into the text: <|im_end|>, [/INST], </arg_value>, </think>. Programmers and models also talk about them, and some
// providers send <think>…</think> or <|begin_of_box|>…<|end_of_box|> on purpose. So what is quoted, stands in code, or
// comes as a pair says nothing, and a single leak is never certain. Certain is only the same token again and again with
// no words between. Knows one text, no others.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "stream/garble_chars.hpp"
#include "stream/garble_row.hpp"

namespace siltgate::stream {

class TokensSignal {
 public:
  enum class Kind : std::uint8_t { repeated, at_the_end, turn, tool_call, torn_tag, end_of_thought };

  /// `before`: the character before. `quoted`: inside code. `arguments`: the text is JSON arguments of a tool, where only
  /// tags of that very JSON matter.
  Certain take(const GarbleChar& c, char32_t before, bool quoted, bool arguments) {
    Certain found = Certain::no;
    if (turn_) found = after_turn(c);
    if (after_call_) take_after_call(c);
    if (size_ > 0) found = std::max(found, capture(c, quoted, arguments));
    if (c.code == U'<' || c.code == U'[') begin(c, before);
    else if (c.kind != CharKind::space) note(c);
    letters_ = letters_ >> 1 | (c.kind == CharKind::letter ? 1u << 31 : 0u);
    return found;
  }

  /// True when characters that an AsciiRow holds matter only for what comes behind them.
  bool idle() const { return size_ == 0 && !turn_ && !after_call_ && end_at_ == nowhere; }
  /// As take() of one character after the other, while idle.
  void take(const AsciiRow& row) {
    letters_ = static_cast<std::uint32_t>((std::uint64_t{row.letters()} << 32 | letters_) >> row.size());
    const std::uint32_t solid = row.solid();
    constexpr std::uint32_t colon = 1u << AsciiRow::mark_number(':');
    if (announced_ || (row.marks() & colon) != 0) announced_ = solid == 0 ? announced_ : announces(row);
    line_begins_ = row.newlines() > solid || (solid == 0 && line_begins_);
  }
  /// The text is complete.
  Certain finish();

  Kind kind() const { return kind_; }
  std::uint32_t count() const { return bare_; }
  std::uint64_t from() const { return from_; }

 private:
  static constexpr std::size_t longest = 48;   // of a token, in characters

  void begin(const GarbleChar& c, char32_t before) {
    opened_line_ = line_begins_;
    size_ = 0;
    note(c);
    size_ = 1;
    text_[0] = static_cast<char>(c.code);
    opened_at_ = c.at;
    opened_behind_ = before;
    opened_letters_ = letters_;
  }
  void note(const GarbleChar& c) {
    if (size_ == 0 || c.kind == CharKind::newline) note_line(c);
    if (c.kind != CharKind::newline && c.at != end_at_) end_at_ = nowhere;
  }
  void note_line(const GarbleChar& c) {
    if (c.kind == CharKind::newline) {
      line_begins_ = true;
      return;
    }
    announced_ = c.code == U':' || c.code == U'：' || (announced_ && line_begins_);
    line_begins_ = false;
  }
  bool announces(const AsciiRow& row) const;
  Certain capture(const GarbleChar& c, bool quoted, bool arguments);
  Certain complete(const GarbleChar& c, bool quoted, bool arguments);
  Certain unmatched(const GarbleChar& c, std::uint8_t key, bool tool_tag, bool arguments);
  Certain after_turn(const GarbleChar& c);
  Certain doubt(Kind kind);
  bool attached() const;
  bool leaked() const;
  /// <tool_call> with a JSON object behind it is a call, what else follows is text.
  void take_after_call(const GarbleChar& c) {
    if (c.kind == CharKind::space || c.kind == CharKind::newline) return;
    after_call_ = false;
    json_call_ = c.code == U'{';
  }

  static constexpr std::uint64_t nowhere = ~0ull;
  std::uint64_t end_at_ = nowhere;          // last character of a leak that nothing but space has followed so far
  std::uint32_t letters_ = 0;               // a bit for each of the last characters: was it a letter? The topmost is the last
  bool line_begins_ = true;
  bool announced_ = false;                  // the last line ended with a colon: an example follows
  bool turn_ = false;                       // a token that begins a turn stood at the start of a line
  std::uint8_t size_ = 0;                   // of the token being read, 0 = none
  std::array<char, longest> text_{};        // the token being read
  std::uint64_t opened_at_ = 0;
  char32_t opened_behind_ = 0;              // what the token stands behind
  std::uint32_t opened_letters_ = 0;
  bool opened_line_ = false;
  bool about_ = false;                      // the text has quoted such a token: it talks about them
  bool ending_ = false;                     // what began a turn was </think> instead
  bool in_call_ = false;                    // <tool_call> is open
  bool after_call_ = false;                 // ... and nothing has followed it so far
  bool json_call_ = false;                  // ... and what followed it is an object
  bool leaked_ = false;                     // the last token was nobody's to type ...
  std::uint64_t token_end_ = nowhere;       // ... and ended here
  Kind kind_ = Kind::repeated;
  std::uint8_t bare_key_ = 0;               // the token that was met last with no words around it
  std::uint32_t bare_ = 0;                  // how often in a row
  std::uint64_t bare_from_ = 0, bare_last_ = 0;
  std::uint64_t end_from_ = 0;              // of the leak that ends at end_at_
  std::uint64_t from_ = 0;
  std::array<std::uint8_t, 32> open_{};     // begun and not ended, by a hash of the name
};

}  // namespace siltgate::stream
