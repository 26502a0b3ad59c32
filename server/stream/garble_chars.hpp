// SPDX-License-Identifier: Apache-2.0
// Decoded model text, character by character: what kind of character, of which script. Knows no signal of damage.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace siltgate::stream {

enum class CharKind : std::uint8_t { space, newline, digit, letter, punctuation, symbol };

/// Scripts as far as telling them apart helps. Han and Kana are one (Japanese mixes them in every word); `other` holds
/// every letter of a script without a name here.
enum class Script : std::uint8_t { none, latin, greek, cyrillic, hebrew, arabic, indic, thai, hangul, han, other };

struct GarbleChar {
  char32_t code = 0;
  CharKind kind = CharKind::symbol;
  Script script = Script::none;   // of letters
  std::uint64_t at = 0;           // characters of the same text before this one
};

struct CharClass {
  CharKind kind;
  Script script;
};

inline constexpr char32_t replacement_code = 0xFFFD;

CharClass classify_wide(char32_t code);

inline constexpr std::array<CharClass, 128> ascii_classes = [] {
  std::array<CharClass, 128> table{};
  for (int c = 0; c < 128; ++c) {
    CharKind kind = CharKind::punctuation;
    if (c == '\n' || c == '\r') kind = CharKind::newline;
    else if (c <= ' ' || c == 127) kind = CharKind::space;
    else if (c >= '0' && c <= '9') kind = CharKind::digit;
    else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) kind = CharKind::letter;
    table[static_cast<std::size_t>(c)] = {kind, kind == CharKind::letter ? Script::latin : Script::none};
  }
  return table;
}();

constexpr CharKind ascii_kind(char c) { return ascii_classes[static_cast<unsigned char>(c)].kind; }

inline CharClass classify(char32_t code) { return code < 128 ? ascii_classes[code] : classify_wide(code); }

/// Joins UTF-8 across pieces. Ill-formed bytes count as U+FFFD, one per byte.
class CharDecoder {
 public:
  /// Takes one byte that is not ASCII or comes inside a character. Calls `out(code)` for each character it completes.
  template <class Out>
  void take(unsigned char byte, Out&& out) {
    if (left_ > 0 && (byte & 0xC0) == 0x80) {
      code_ = code_ << 6 | (byte & 0x3F);
      if (--left_ == 0) out(code_);
      return;
    }
    if (left_ > 0) out(replacement_code);
    left_ = 0;
    if (byte < 0x80) out(static_cast<char32_t>(byte));
    else begin(byte, out);
  }
  bool inside() const { return left_ > 0; }

  static constexpr char32_t none = 0xFFFFFFFF;
  /// The whole character of three bytes that `text` begins with, or none. As take() of each, where nothing is open.
  static char32_t three_bytes(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.size() < 3 || (byte(0) & 0xF0) != 0xE0 || (byte(1) & 0xC0) != 0x80 || (byte(2) & 0xC0) != 0x80) return none;
    return static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
  }

 private:
  template <class Out>
  void begin(unsigned char byte, Out&& out) {
    if (byte >= 0xC2 && byte <= 0xDF) left_ = 1, code_ = byte & 0x1F;
    else if (byte >= 0xE0 && byte <= 0xEF) left_ = 2, code_ = byte & 0x0F;
    else if (byte >= 0xF0 && byte <= 0xF4) left_ = 3, code_ = byte & 0x07;
    else out(replacement_code);
  }
  char32_t code_ = 0;
  std::uint8_t left_ = 0;   // continuation bytes still missing
};

/// How sure a signal is. `doubtful` has healthy look-alikes: it is recorded and never fails an exchange.
enum class Certain : std::uint8_t { no, doubtful, yes };

/// What a signal says of several characters: how many it took, up to and with the first that reached a bound.
struct Taken {
  std::size_t count;
  Certain found;
};

}  // namespace siltgate::stream
