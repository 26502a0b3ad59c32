// SPDX-License-Identifier: Apache-2.0
// All signals of degenerate text over one text: the content of an answer, its reasoning, or the arguments of one tool
// call. Fed with decoded text in pieces of any size; what it finds does not depend on where they are cut. Knows no
// events, no dialects and no actions. Plain text is looked at in rows, signal by signal; small pieces wait while none can speak.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/garble_chars.hpp"
#include "stream/garble_echo.hpp"
#include "stream/garble_encoding.hpp"
#include "stream/garble_loop.hpp"
#include "stream/garble_quoting.hpp"
#include "stream/garble_run.hpp"
#include "stream/garble_scripts.hpp"
#include "stream/garble_symbols.hpp"
#include "stream/garble_tokens.hpp"

namespace siltgate::stream {

enum class Signal : std::uint8_t { run, loop, encoding, scripts, symbols, echo, tokens };

/// One sign of degenerate text.
struct GarbleSign {
  Signal signal;
  bool certain;          // false: healthy text may look so
  std::string reason;    // signal, numbers and place, without model text
  std::string excerpt;   // up to 64 bytes of text up to where it showed
  std::size_t end = 0;   // bytes of the piece up to there
};

/// What was found in one response. Each signal speaks once, and once more if it turns from doubtful to certain.
class GarbleSigns {
 public:
  bool is_new(Signal signal, Certain certain) const {
    return (certain_ >> static_cast<int>(signal) & 1) == 0 &&
           (certain == Certain::yes || (doubtful_ >> static_cast<int>(signal) & 1) == 0);
  }
  void add(GarbleSign sign) {
    (sign.certain ? certain_ : doubtful_) |= static_cast<std::uint8_t>(1u << static_cast<int>(sign.signal));
    waiting_.push_back(std::move(sign));
  }
  /// Brings those behind the first `count` into the order in which they showed in one piece.
  void sort_behind(std::size_t count);
  std::size_t size() const { return waiting_.size(); }
  /// Those added since the last call.
  std::vector<GarbleSign> take() { return std::exchange(waiting_, {}); }
  bool empty() const { return waiting_.empty(); }

 private:
  std::uint8_t certain_ = 0, doubtful_ = 0;
  std::vector<GarbleSign> waiting_;
};

class GarbleLane {
 public:
  enum class Text : std::uint8_t { content, reasoning, arguments };

  GarbleLane(Text text, int choice) : text_(text), choice_(choice) {}

  void take(std::string_view piece, GarbleSigns& signs);
  /// The text is complete.
  void finish(GarbleSigns& signs);

 private:
  void look_at(std::string_view piece, GarbleSigns& signs);
  void look_at_unseen(GarbleSigns& signs);
  void find_calm();
  /// `piece` up to and with the character in hand: for the excerpt.
  void look(char32_t code, std::string_view piece, GarbleSigns& signs);
  /// What needs neither the decoder nor a look at what it quotes.
  static bool is_plain(char c) { return static_cast<signed char>(c) >= 0 && c != '`'; }
  std::size_t look_at_plain(std::string_view piece, std::size_t start, GarbleSigns& signs);
  std::size_t look_at_words(std::string_view piece, std::size_t start, GarbleSigns& signs);
  void look_at_row(const AsciiRow& row, std::uint64_t at, std::string_view piece, GarbleSigns& signs);
  void look_at_mark(const GarbleChar& c, char32_t before, std::string_view piece, GarbleSigns& signs);
  bool begins_colour(std::string_view piece) const;
  Certain tokens_at(const GarbleChar& c, char32_t before);
  void report(Signal signal, Certain certain, std::string_view piece, GarbleSigns& signs);
  std::string say(Signal signal) const;
  std::string say_tokens() const;
  std::string place(std::uint64_t from) const;
  std::string excerpt(std::string_view piece) const;
  void keep(std::string_view piece);

  static constexpr std::size_t excerpt_size = 64;
  // In the order in which they are needed: a piece that has to wait touches the first lines only.
  Text text_;
  std::uint8_t tail_size_ = 0;
  std::uint8_t unseen_ = 0;         // of these bytes, not looked at yet
  std::uint8_t calm_ = 0;           // so many more need not be looked at at once ...
  std::uint8_t calm_of_runs_ = 0;   // ... and that for the sake of runs
  int choice_;
  std::array<char, 2 * excerpt_size + 8> tail_{};   // ends with the last bytes of the pieces before; room to write eight
  std::uint64_t count_ = 0;   // characters looked at
  char32_t before_code_ = 0;  // of the last one
  Script before_script_ = Script::none;
  CharDecoder decoder_;
  Quoting quoting_;
  RunSignal run_;
  TokensSignal tokens_;
  SymbolsSignal symbols_;
  EchoSignal echo_;
  LoopSignal loop_;
  EncodingSignal encoding_;
  ScriptsSignal scripts_;
};

}  // namespace siltgate::stream
