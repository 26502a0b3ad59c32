// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_lane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace siltgate::stream {

void GarbleSigns::sort_behind(std::size_t count) {
  const auto earlier = [](const GarbleSign& a, const GarbleSign& b) { return std::tie(a.end, a.signal) < std::tie(b.end, b.signal); };
  std::stable_sort(waiting_.begin() + static_cast<std::ptrdiff_t>(count), waiting_.end(), earlier);
}

inline Certain GarbleLane::tokens_at(const GarbleChar& c, char32_t before) {
  const Certain found = tokens_.take(c, before, quoting_.any(), text_ == Text::arguments);
  return text_ == Text::reasoning && tokens_.kind() == TokensSignal::Kind::end_of_thought ? Certain::no : found;
}

/// A small piece is looked at later, together with those behind it, while nothing that is plain can make a signal speak.
void GarbleLane::take(std::string_view piece, GarbleSigns& signs) {
  if (piece.empty()) return;
  if (piece.size() <= std::min(calm_, calm_of_runs_) && AsciiRow::holds(piece)) {
    keep(piece);
    calm_ = static_cast<std::uint8_t>(calm_ - piece.size());
    calm_of_runs_ = static_cast<std::uint8_t>(RunSignal::calm_behind(piece, calm_of_runs_));
    unseen_ = static_cast<std::uint8_t>(unseen_ + piece.size());
    return;
  }
  calm_ = 0;
  if (unseen_ > 0 && unseen_ + piece.size() > excerpt_size) look_at_unseen(signs);
  if (unseen_ + piece.size() > excerpt_size) {
    look_at(piece, signs);
    keep(piece);
    return;
  }
  keep(piece);
  unseen_ = static_cast<std::uint8_t>(unseen_ + piece.size());
  look_at_unseen(signs);
  find_calm();
}

void GarbleLane::look_at_unseen(GarbleSigns& signs) {
  tail_size_ = static_cast<std::uint8_t>(tail_size_ - unseen_);
  look_at({tail_.data() + tail_size_, unseen_}, signs);
  tail_size_ = static_cast<std::uint8_t>(tail_size_ + unseen_);
  unseen_ = 0;
}

/// How many more plain characters no signal can speak of, whatever they are.
void GarbleLane::find_calm() {
  constexpr std::uint32_t most = 48;
  if (!tokens_.idle() || decoder_.inside() || before_code_ >= 128 || !echo_.calm(most)) return;
  calm_ = static_cast<std::uint8_t>(std::min(symbols_.calm(), loop_.calm(most)));
  calm_of_runs_ = static_cast<std::uint8_t>(run_.calm());
}

void GarbleLane::look_at(std::string_view piece, GarbleSigns& signs) {
  std::size_t i = 0;
  const auto look_here = [&](char32_t code) { look(code, piece.substr(0, i), signs); };
  while (i < piece.size()) {
    const auto byte = static_cast<unsigned char>(piece[i]);
    const char32_t whole = decoder_.inside() ? CharDecoder::none : CharDecoder::three_bytes(piece.substr(i));
    if (whole != CharDecoder::none) {
      i += 3;
      look_here(whole);
    } else if (is_plain(piece[i]) && before_code_ < 128 && !decoder_.inside()) {
      i += look_at_plain(piece, i, signs);
    } else {
      ++i;
      if (byte < 0x80 && !decoder_.inside()) look_here(byte);
      else decoder_.take(byte, look_here);
    }
  }
}

/// Most of most texts: from `start` up to the next character that is not plain, which `start` is not. Says of them what
/// look() would say of one after the other, each signal for itself. Returns their number.
std::size_t GarbleLane::look_at_plain(std::string_view piece, std::size_t start, GarbleSigns& signs) {
  const std::size_t told = signs.size();
  quoting_.take_other();
  const bool quoted = text_ == Text::arguments || quoting_.block();
  const std::size_t count = look_at_words(piece, start, signs);
  const std::string_view text = piece.substr(start, count);
  for (std::size_t i = 0; i < count;) {
    const Taken taken = run_.take_ascii(text.substr(i), count_ + i);
    i += taken.count;
    if (taken.found != Certain::no) report(Signal::run, taken.found, piece.substr(0, start + i), signs);
  }
  for (std::size_t i = 0; i < count;) {
    const Taken taken = loop_.take_ascii(text.substr(i), count_ + i, quoted);
    i += taken.count;
    if (taken.found != Certain::no) report(Signal::loop, taken.found, piece.substr(0, start + i), signs);
  }
  if (signs.size() > told + 1) signs.sort_behind(told);
  const char32_t before = count > 1 ? static_cast<char32_t>(text[count - 2]) : before_code_;
  before_code_ = static_cast<char32_t>(text.back());
  before_script_ = before == U'\\' ? Script::none : ascii_classes[before_code_].script;
  count_ += count;
  return count;
}

/// The signals that look at words, marks or lines.
inline std::size_t GarbleLane::look_at_words(std::string_view piece, std::size_t start, GarbleSigns& signs) {
  std::size_t i = start;
  while (i < piece.size() && is_plain(piece[i])) {
    const std::uint64_t at = count_ + (i - start);
    if (tokens_.idle()) {
      const AsciiRow row(piece.substr(i), symbols_.room());
      if (row.size() > 0) {
        i += row.size();
        look_at_row(row, at, piece.substr(0, i), signs);
        continue;
      }
    }
    const char32_t before = i > start ? static_cast<char32_t>(piece[i - 1]) : before_code_;
    const GarbleChar c{static_cast<char32_t>(piece[i]), ascii_kind(piece[i]), Script::none, at};
    look_at_mark(c, before, piece.substr(0, ++i), signs);
  }
  return i - start;
}

/// The last characters of `piece`.
inline void GarbleLane::look_at_row(const AsciiRow& row, std::uint64_t at, std::string_view piece, GarbleSigns& signs) {
  if (row.newlines() != 0) quoting_.take_newline();
  tokens_.take(row);
  if (const Certain symbols = symbols_.take(row, at); symbols != Certain::no) report(Signal::symbols, symbols, piece, signs);
  for (std::uint32_t i = 0; i < row.size();) {
    const Taken taken = echo_.take(row, i, at);
    i = static_cast<std::uint32_t>(taken.count);
    if (taken.found != Certain::no) report(Signal::echo, taken.found, piece.substr(0, piece.size() - row.size() + i), signs);
  }
}

/// `piece` and what came before it end with the beginning of an ANSI escape sequence, as a terminal reads it or as programs write it.
bool GarbleLane::begins_colour(std::string_view piece) const {
  constexpr std::string_view starts[] = {"\x1b[", "\\033[", "\\x1b[", "\\x1B[", "\\u001b[", "\\u001B[", "\\e[", "^[["};
  std::string last(tail_.data() + tail_size_ - std::min<std::size_t>(tail_size_, 8), std::min<std::size_t>(tail_size_, 8));
  last += piece.substr(piece.size() - std::min<std::size_t>(piece.size(), 8));
  return std::any_of(std::begin(starts), std::end(starts), [&](std::string_view start) { return last.ends_with(start); });
}

/// The last character of `piece`: one that is in no row.
void GarbleLane::look_at_mark(const GarbleChar& c, char32_t before, std::string_view piece, GarbleSigns& signs) {
  if (c.kind == CharKind::newline) quoting_.take_newline();
  if (c.code == U'[' && echo_.count() > 0 && begins_colour(piece)) echo_.take_colour();
  report(Signal::symbols, symbols_.take(c), piece, signs);
  report(Signal::echo, echo_.take(c), piece, signs);
  report(Signal::tokens, tokens_at(c, before), piece, signs);
}

void GarbleLane::look(char32_t code, std::string_view piece, GarbleSigns& signs) {
  const CharClass what = classify(code);
  const GarbleChar c{code, what.kind, before_code_ == U'\\' ? Script::none : what.script, count_++};
  Certain encoding = Certain::no, scripts = Certain::no;
  quoting_.take(c);
  const Certain run = run_.take(c);
  const Certain loop = loop_.take(c, text_ == Text::arguments || quoting_.block());
  if (code >= 128) encoding = encoding_.take(c);
  if ((code | before_code_) >= 128) scripts = scripts_.take(c, before_script_);
  const Certain symbols = symbols_.take(c);
  const Certain echo = echo_.take(c);
  const Certain tokens = tokens_at(c, before_code_);
  before_code_ = code;
  before_script_ = c.script;
  const auto any = static_cast<int>(run) | static_cast<int>(loop) | static_cast<int>(encoding) | static_cast<int>(scripts) |
                   static_cast<int>(symbols) | static_cast<int>(echo) | static_cast<int>(tokens);
  if (any == 0) [[likely]] return;
  report(Signal::run, run, piece, signs);
  report(Signal::loop, loop, piece, signs);
  report(Signal::encoding, encoding, piece, signs);
  report(Signal::scripts, scripts, piece, signs);
  report(Signal::symbols, symbols, piece, signs);
  report(Signal::echo, echo, piece, signs);
  report(Signal::tokens, tokens, piece, signs);
}

void GarbleLane::finish(GarbleSigns& signs) {
  look_at_unseen(signs);
  report(Signal::run, run_.finish(), {}, signs);
  // A model's reasoning often ends with the token that ends reasoning.
  if (text_ == Text::content) report(Signal::tokens, tokens_.finish(), {}, signs);
}

void GarbleLane::report(Signal signal, Certain certain, std::string_view piece, GarbleSigns& signs) {
  if (certain == Certain::no || !signs.is_new(signal, certain)) return;
  signs.add({signal, certain == Certain::yes, say(signal), excerpt(piece), piece.size()});
}

std::string GarbleLane::say(Signal signal) const {
  switch (signal) {
    case Signal::run:
      return fmt::format("run: one character (U+{:04X}) {} times, {}", static_cast<std::uint32_t>(run_.code()), run_.length(),
                         place(run_.from()));
    case Signal::loop:
      return fmt::format("loop: {} characters repeat {} times{}, {}", loop_.period(), loop_.repetitions(),
                         loop_.counting() ? " with only the numbers changing" : "", place(loop_.from()));
    case Signal::encoding:
      if (encoding_.kind() == EncodingSignal::Kind::mojibake)
        return fmt::format("encoding: {} sequences of UTF-8 shown in another encoding, {}", encoding_.count(),
                           place(encoding_.from()));
      return fmt::format("encoding: {} replacement characters close together, {}", encoding_.count(), place(encoding_.from()));
    case Signal::scripts:
      return fmt::format("scripts: {} joints within {} characters between scripts that share no word, {}", scripts_.count(),
                         ScriptsSignal::reach, place(scripts_.from()));
    case Signal::symbols:
      return fmt::format("symbols: {} kinds of marks and {} brackets that match nothing among digits, {} characters, {}",
                         symbols_.kinds(), symbols_.unmatched(), SymbolsSignal::window, place(symbols_.from()));
    case Signal::echo:
      return fmt::format("echo: {} words that are the end or beginning of their neighbour, {}", echo_.count(),
                         place(echo_.from()));
    case Signal::tokens: return say_tokens() + place(tokens_.from());
  }
  return {};
}

std::string GarbleLane::say_tokens() const {
  switch (tokens_.kind()) {
    case TokensSignal::Kind::repeated:
      return fmt::format("tokens: the same control token {} times with no words between, ", tokens_.count());
    case TokensSignal::Kind::at_the_end: return "tokens: a control token at the end of the text, ";
    case TokensSignal::Kind::turn: return "tokens: a control token begins another turn of the chat, ";
    case TokensSignal::Kind::tool_call: return "tokens: a tool call written out as text, ";
    case TokensSignal::Kind::end_of_thought: return "tokens: the token that ends a thought that nothing began, ";
    case TokensSignal::Kind::torn_tag: return "tokens: a tag of tool markup that nothing opened, ";
  }
  return {};
}

std::string GarbleLane::place(std::uint64_t from) const {
  constexpr std::string_view names[] = {"content", "reasoning", "tool arguments"};
  const std::string_view name = names[static_cast<int>(text_)];
  return choice_ > 0 ? fmt::format("from character {} of the {} of choice {}", from, name, choice_)
                     : fmt::format("from character {} of the {}", from, name);
}

/// Begins with a whole character.
std::string GarbleLane::excerpt(std::string_view piece) const {
  std::string text(tail_.data(), tail_size_);
  text += piece.substr(piece.size() - std::min(piece.size(), excerpt_size));
  if (text.size() > excerpt_size) text.erase(0, text.size() - excerpt_size);
  std::size_t lead = 0;
  while (lead < 3 && lead < text.size() && (static_cast<unsigned char>(text[lead]) & 0xC0) == 0x80) ++lead;
  return text.substr(lead);
}

/// Mostly a few bytes. Those that have not been looked at stay with the excerpt before them.
void GarbleLane::keep(std::string_view piece) {
  if (piece.size() > excerpt_size) piece.remove_prefix(piece.size() - excerpt_size);
  if (tail_size_ + piece.size() > 2 * excerpt_size) {
    const std::size_t kept = std::min<std::size_t>(tail_size_, excerpt_size + unseen_);
    std::memmove(tail_.data(), tail_.data() + (tail_size_ - kept), kept);
    tail_size_ = static_cast<std::uint8_t>(kept);
  }
  char* const end = tail_.data() + tail_size_;
  if (piece.size() > 8) {
    std::memcpy(end, piece.data(), piece.size());
  } else {
    const std::uint64_t bytes = lowest_first(first_bytes(piece));
    std::memcpy(end, &bytes, sizeof bytes);
  }
  tail_size_ = static_cast<std::uint8_t>(tail_size_ + piece.size());
}

}  // namespace siltgate::stream
