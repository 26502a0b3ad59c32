// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_tokens.hpp"

#include <bit>
#include <string_view>
#include <utility>

#include "stream/garble_token_names.hpp"

namespace siltgate::stream {
namespace {

// Measured: docs/decisions/0020-garble.md.
constexpr std::uint32_t repeated_certain = 3;
constexpr std::uint64_t reach = 256;          // characters that repeated tokens may lie apart
constexpr int letters_of_words = 4;           // more letters among the twelve before a token make it part of a sentence
constexpr std::uint32_t twelve = ~0u << 20;
constexpr std::uint64_t longest_word = 24;    // between two tokens that belong together

bool is_quote(char32_t code) {
  switch (code) {
    case U'"': case U'\'': case U'`': case U'“': case U'‘': case U'«': case U'「': case U'『': case U'‹': case U'„': return true;
    default: return false;
  }
}

}  // namespace

/// note_line() of the solid characters, backwards: what stood before the last one matters only where lines hold but one.
bool TokensSignal::announces(const AsciiRow& row) const {
  std::uint32_t solid = row.solid();
  while (true) {
    const auto last = static_cast<std::uint32_t>(std::bit_width(solid)) - 1;
    if (row[last] == ':') return true;
    const std::uint32_t lines = row.newlines() & ((1u << last) - 1);
    solid ^= 1u << last;
    if (solid == 0) return announced_ && (line_begins_ || lines != 0);
    if (lines < solid) return false;   // no line end between the two
  }
}

/// Once a text has quoted a token it is about tokens, and a leak cannot be told from one more of them.
Certain TokensSignal::doubt(Kind kind) {
  if (about_) return Certain::no;
  kind_ = kind;
  from_ = opened_at_;
  return Certain::doubtful;
}

/// Written right behind a word or a mark, as tokens are that nobody typed.
bool TokensSignal::attached() const {
  return opened_behind_ != U' ' && opened_behind_ != U'\t' && opened_behind_ != U'>' && !opened_line_;
}

/// At the start of a line that nothing announced, or behind a word or the end of a sentence. What follows another token at once, or with
/// one word between, is what that one was: a text that writes a row of tokens may begin it anywhere.
bool TokensSignal::leaked() const {
  const std::uint64_t gap = opened_at_ - token_end_ - 1;
  if (token_end_ != nowhere && gap <= longest_word && (gap == 0 || std::countl_one(opened_letters_) >= static_cast<int>(gap)))
    return leaked_;
  if (opened_line_) return !announced_;
  const CharKind behind = classify(opened_behind_).kind;
  constexpr std::u32string_view ends = U".!?)。！？…";
  if (behind == CharKind::letter && opened_behind_ < 128) return std::countl_one(opened_letters_) > 1;  // not behind "\\n" in a template
  return behind == CharKind::letter || behind == CharKind::digit || ends.find(opened_behind_) != ends.npos;
}

Certain TokensSignal::capture(const GarbleChar& c, bool quoted, bool arguments) {
  const char32_t code = c.code == U'｜' ? U'|' : c.code == U'▁' ? U'_' : c.code;
  if (code <= U' ' || code >= 127 || size_ == longest) {
    size_ = 0;
    return Certain::no;
  }
  text_[size_++] = static_cast<char>(code);
  if (code != (text_[0] == '<' ? U'>' : U']')) return Certain::no;
  const Certain found = complete(c, quoted, arguments);
  size_ = 0;
  return found;
}

/// 1. Quoted: the text is about tokens. 2. A pair says nothing, but 3. a tool call with its arguments is one that should
/// not be text. 4. A token that begins a turn, at the start of a line that nothing announced, or that leaked within one. 5. An end
/// without beginning.
Certain TokensSignal::complete(const GarbleChar& c, bool quoted, bool arguments) {
  const Token token = token_of({text_.data(), size_});
  if (token.role == TokenRole::none) return Certain::no;
  const bool shown = quoted || is_quote(opened_behind_);
  const bool special = text_[1] == '|';
  leaked_ = leaked();
  token_end_ = c.at;
  if (shown) about_ = true;                                                              // 1
  letters_ = 0;
  std::uint8_t& open = open_[token.key];
  if (token.role == TokenRole::opens) {                                                  // 2
    if (open < 255) ++open;
    if (shown || arguments) return Certain::no;
    if (token.call && (special ? leaked_ : opened_line_ && !announced_)) {
      in_call_ = true;
      after_call_ = !special;
      json_call_ = false;
    } else if (token.tool_tag && !token.call && std::exchange(in_call_, false)) {
      return doubt(Kind::tool_call);                                                     // 3
    }
    return Certain::no;
  }
  if (token.role == TokenRole::closes && open > 0) {
    --open;
    return token.call && std::exchange(json_call_, false) ? doubt(Kind::tool_call) : Certain::no;  // 3
  }
  if (token.role == TokenRole::turn && (opened_line_ || (special && leaked_)) && !arguments) {     // 4
    if (opened_line_ && announced_) about_ = true;
    turn_ = !about_;
  }
  if (token.ends_thought && opened_line_ && !arguments && !shown) turn_ = ending_ = true;
  return shown && token.role == TokenRole::turn ? Certain::no : unmatched(c, token.key, token.tool_tag, arguments);  // 5
}

/// 1. The same one several times with no words between. 2. The end of a tool's argument right behind a word. 3. What
/// stands at the very end shows when the text is complete.
Certain TokensSignal::unmatched(const GarbleChar& c, std::uint8_t key, bool tool_tag, bool arguments) {
  if (!is_quote(opened_behind_) && std::popcount(opened_letters_ & twelve) <= letters_of_words) {
    const bool again = bare_ > 0 && bare_key_ == key && opened_at_ - bare_last_ <= reach;
    bare_ = again ? bare_ + 1 : 1;
    if (!again) bare_from_ = opened_at_;
    bare_key_ = key;
    bare_last_ = opened_at_;
    if (bare_ >= repeated_certain) {                                                     // 1
      kind_ = Kind::repeated;
      from_ = bare_from_;
      return Certain::yes;
    }
  }
  if (tool_tag && attached() && !is_quote(opened_behind_)) return doubt(Kind::torn_tag);  // 2
  if (!arguments && (attached() || opened_line_)) {                                      // 3
    end_at_ = c.at;
    end_from_ = opened_at_;
  }
  return Certain::no;
}

/// A turn begins on a line of its own, or names its role at once; the end of a thought has a line of its own.
Certain TokensSignal::after_turn(const GarbleChar& c) {
  turn_ = false;
  if (std::exchange(ending_, false)) return c.kind == CharKind::newline ? doubt(Kind::end_of_thought) : Certain::no;
  return c.kind == CharKind::newline || c.kind == CharKind::letter ? doubt(Kind::turn) : Certain::no;
}

Certain TokensSignal::finish() {
  if (end_at_ == nowhere || about_) return Certain::no;
  kind_ = Kind::at_the_end;
  from_ = end_from_;
  return Certain::doubtful;
}

}  // namespace siltgate::stream
