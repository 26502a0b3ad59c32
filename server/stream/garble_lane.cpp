// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_lane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace siltgate::stream {
namespace {

bool is_ascii_letter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }

}  // namespace

void GarbleLane::take(std::string_view piece, GarbleSigns& signs) {
  for (std::size_t i = 0; i < piece.size();) {
    if (const std::size_t letters = plain_letters(piece.substr(i)); letters > 0) {
      look_at_letters(piece.substr(0, i + letters), letters, signs);
      i += letters;
      continue;
    }
    const auto byte = static_cast<unsigned char>(piece[i++]);
    if (byte < 0x80 && !decoder_.inside()) look(byte, piece.substr(0, i), signs);
    else decoder_.take(byte, [&](char32_t code) { look(code, piece.substr(0, i), signs); });
  }
  keep_tail(piece);
}

/// ASCII letters at the start of `text` that may be looked at together: most of most texts.
std::size_t GarbleLane::plain_letters(std::string_view text) const {
  if (decoder_.inside() || before_code_ >= 128 || before_code_ == U'\\' || !tokens_.idle()) return 0;
  const std::size_t most = std::min<std::size_t>(text.size(), symbols_.room());
  std::size_t count = 0;
  while (count < most && is_ascii_letter(text[count])) ++count;
  return count;
}

/// The last `count` bytes of `piece`. Says what look() would say of one after the other.
void GarbleLane::look_at_letters(std::string_view piece, std::size_t count, GarbleSigns& signs) {
  const std::size_t start = piece.size() - count;
  const bool block = quoting_.block_at_letter();
  const bool quoted = text_ == Text::arguments || block;
  GarbleChar c{0, CharKind::letter, Script::latin, count_};
  for (std::size_t i = start; i < piece.size(); ++i, ++c.at) {
    c.code = static_cast<char32_t>(piece[i]);
    const Certain run = run_.take(c);
    const Certain loop = loop_.take_letter(piece[i], c.at, quoted);
    if ((static_cast<int>(run) | static_cast<int>(loop)) == 0) [[likely]] continue;
    report(Signal::run, run, piece.substr(0, i + 1), signs);
    report(Signal::loop, loop, piece.substr(0, i + 1), signs);
  }
  --c.at;
  count_ += count;
  before_code_ = c.code;
  before_script_ = Script::latin;
  echo_.take_letters(piece.substr(start));
  tokens_.take_letters(static_cast<std::uint32_t>(count), c.code, c.at);
  report(Signal::symbols, symbols_.take_letters(static_cast<std::uint32_t>(count), c.at), piece, signs);
}

void GarbleLane::look(char32_t code, std::string_view piece, GarbleSigns& signs) {
  const CharClass what = classify(code);
  const GarbleChar c{code, what.kind, before_code_ == U'\\' ? Script::none : what.script, count_++};
  const bool arguments = text_ == Text::arguments;
  Certain encoding = Certain::no, scripts = Certain::no;
  quoting_.take(c);
  const Certain run = run_.take(c);
  const Certain loop = loop_.take(c, arguments || quoting_.block());
  if (code >= 128) encoding = encoding_.take(c);
  if ((code | before_code_) >= 128) scripts = scripts_.take(c, before_script_);
  const Certain symbols = symbols_.take(c);
  const Certain echo = echo_.take(c);
  Certain tokens = tokens_.take(c, quoting_.any(), arguments);
  if (text_ == Text::reasoning && tokens_.kind() == TokensSignal::Kind::end_of_thought) tokens = Certain::no;
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
  report(Signal::run, run_.finish(), {}, signs);
  // A model's reasoning often ends with the token that ends reasoning.
  if (text_ == Text::content) report(Signal::tokens, tokens_.finish(), {}, signs);
}

void GarbleLane::report(Signal signal, Certain certain, std::string_view piece, GarbleSigns& signs) {
  if (certain == Certain::no || !signs.is_new(signal, certain)) return;
  signs.add({signal, certain == Certain::yes, say(signal), excerpt(piece)});
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

void GarbleLane::keep_tail(std::string_view piece) {
  if (piece.size() > excerpt_size) piece.remove_prefix(piece.size() - excerpt_size);
  if (tail_size_ + piece.size() > tail_.size()) {
    const std::size_t kept = std::min<std::size_t>(tail_size_, excerpt_size);
    std::copy(tail_.begin() + (tail_size_ - kept), tail_.begin() + tail_size_, tail_.begin());
    tail_size_ = static_cast<std::uint8_t>(kept);
  }
  for (const char c : piece) tail_[tail_size_++] = c;
}

}  // namespace siltgate::stream
