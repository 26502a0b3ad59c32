// SPDX-License-Identifier: Apache-2.0
#include "settings/source.hpp"

#include <algorithm>

#include "settings/blot.hpp"

namespace siltgate::settings {
namespace {

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Length of the well-formed sequence at the front of `s`, 0 if ill-formed.
std::size_t sequence_length(std::string_view s) {
  const auto at = [&s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return at(1) >= low && at(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return at(1) >= low && at(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continuation(c); }));
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The characters of a line as they may be shown: secrets as *, tabs and other controls as blanks.
std::vector<std::string> visible(std::string_view line, const std::vector<Span>& secret) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < line.size();) {
    const auto length = std::max<std::size_t>(1, sequence_length(line.substr(i)));
    const bool hidden = std::any_of(secret.begin(), secret.end(), [i](Span s) { return s.begin <= i && i < s.end; });
    const bool control = static_cast<unsigned char>(line[i]) < 0x20;
    const bool ill_formed = static_cast<unsigned char>(line[i]) >= 0x80 && length == 1;
    if (line[i] != '\r' || i + 1 < line.size())
      out.push_back(hidden ? "*" : control ? " " : ill_formed ? "?" : std::string(line.substr(i, length)));
    i += length;
  }
  return out;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string_view character_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end of the file";
  return text.substr(offset, std::max<std::size_t>(1, sequence_length(text.substr(offset))));
}

std::string Diagnostic::text() const {
  std::string out = where.empty() ? message : where + ": " + message;
  out += '\n';
  return out + excerpt;
}

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  for (const Hidden& one : secrets_in(text_)) {
    hidden_.push_back(one.span);
    if (one.sure) secret_.push_back(one.span);
  }
}

void Source::hide(Span span) {
  hidden_.push_back(span);
  secret_.push_back(span);
}

Position Source::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  std::size_t begin = std::string_view(text_).substr(0, offset).rfind('\n') + 1;  // npos + 1 == 0
  Position out;
  out.line = 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
  std::string_view before = std::string_view(text_).substr(begin, offset - begin);
  if (begin == 0 && before.substr(0, 3) == byte_order_mark) before.remove_prefix(3);
  out.column = 1 + characters(before);
  return out;
}

std::string Source::excerpt(Span span) const {
  const std::string_view all = text_;
  const auto at = std::min(span.begin, all.size());
  const auto begin = all.substr(0, at).rfind('\n') + 1;  // npos + 1 == 0
  const auto end = std::min(all.find('\n', at), all.size());
  const auto line = all.substr(begin, end - begin);
  std::vector<Span> secret;
  for (const Hidden& one : secrets_in(line)) secret.push_back(one.span);   // a line read alone shows what the lines before it obscure
  for (Span part : hidden_)
    if (part.end > begin && part.begin < end) secret.push_back({std::max(part.begin, begin) - begin, part.end - begin});
  auto shown = visible(line, secret);
  const auto caret = position(at).column - 1;
  const auto width = std::clamp<std::size_t>(characters(all.substr(at, std::min(span.end, end) - std::min(at, span.end))), 1, 40);
  if (begin == 0 && line.substr(0, 3) == byte_order_mark && !shown.empty()) shown.erase(shown.begin());
  // Of a long line, a window of 100 characters around the caret.
  const auto from = caret > 80 ? caret - 60 : 0;
  std::string window;
  for (auto i = from; i < std::min(shown.size(), from + 100); ++i) window += shown[i];
  const std::string number = std::to_string(position(at).line);
  return " " + number + " | " + window + "\n " + std::string(number.size(), ' ') + " | " + std::string(caret - from, ' ') + "^" +
         std::string(width - 1, '~') + "\n";
}

/// Secrets that a message about `span` may quote: those of its lines, and of the whole text where they are long enough to be no
/// word that messages use.
std::vector<std::string> Source::secrets_near(Span span) const {
  constexpr std::size_t no_word = 8;
  const std::string_view all = text_;
  const auto begin = all.substr(0, std::min(span.begin, all.size())).rfind('\n') + 1;  // npos + 1 == 0
  const auto end = std::min(all.find('\n', span.end), all.size());
  std::vector<std::string> out;
  for (Span part : secret_) {
    const std::string text(all.substr(part.begin, part.end - part.begin));
    if ((part.end <= begin || part.begin >= end) && text.size() < no_word) continue;
    out.push_back(text);
    if (text.find('\\') != std::string::npos) out.push_back(parse_jsonc('"' + text + '"').root.text);
  }
  return out;
}

std::string Source::where(std::size_t offset) const {
  const Position p = position(offset);
  return name_ + ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
}

Diagnostic Source::diagnose(const Complaint& complaint) const {
  return {where(complaint.span.begin), without(complaint.message, secrets_near(complaint.span)),
          excerpt(complaint.span)};
}

}  // namespace siltgate::settings
