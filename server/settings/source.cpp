// SPDX-License-Identifier: Apache-2.0
#include "settings/source.hpp"

#include <algorithm>

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

bool secret_key(std::string_view key) {
  if (key == "value") return true;
  for (auto part : {"key", "token", "secret", "passw", "Key", "Token"})
    if (key.find(part) != std::string_view::npos) return true;
  return false;
}

/// Twenty or more letters and digits with nothing a path, URL or sentence would have.
bool token_like(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto number = [](char c) { return c >= '0' && c <= '9'; };
  const auto other = [&](char c) { return letter(c) || number(c) || std::string_view("_-.+/=").find(c) != std::string_view::npos; };
  return text.size() >= 20 && text.front() != '/' && std::all_of(text.begin(), text.end(), other) &&
         std::any_of(text.begin(), text.end(), letter) && std::any_of(text.begin(), text.end(), number);
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

std::vector<Span> likely_secrets(std::string_view line) {
  std::vector<Span> out;
  std::string_view previous;
  for (std::size_t at = line.find('"'); at != std::string_view::npos; at = line.find('"', at)) {
    const auto begin = ++at;
    while (at < line.size() && line[at] != '"') at += line[at] == '\\' ? 2 : 1;
    const auto end = std::min(at, line.size());
    at = end + 1;
    const auto text = line.substr(begin, end - begin);
    const auto before = line.substr(0, begin - 1);
    const auto last = before.find_last_not_of(" \t");
    const bool is_value = last != std::string_view::npos && before[last] == ':';
    if (const auto host = text.find("://"); host != std::string_view::npos) {
      const auto user_end = text.rfind('@');
      if (user_end != std::string_view::npos && user_end > host) out.push_back({begin + host + 3, begin + user_end});
    } else if (text.find('{') == std::string_view::npos && (token_like(text) || (is_value && secret_key(previous)))) {
      out.push_back({begin, end});
    }
    previous = text;
    if (at > line.size()) break;
  }
  return out;
}

std::string Diagnostic::text() const {
  std::string out = where.empty() ? message : where + ": " + message;
  out += '\n';
  return out + excerpt;
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
  std::vector<Span> secret = likely_secrets(line);
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

Diagnostic Source::diagnose(const Complaint& complaint) const {
  const Position p = position(complaint.span.begin);
  return {name_ + ":" + std::to_string(p.line) + ":" + std::to_string(p.column), complaint.message, excerpt(complaint.span)};
}

}  // namespace siltgate::settings
