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
  if (begin == 0 && before.substr(0, 3) == "\xEF\xBB\xBF") before.remove_prefix(3);
  out.column = 1 + characters(before);
  return out;
}

std::string Source::excerpt(Span span) const {
  const std::string_view all = text_;
  const auto at = std::min(span.begin, all.size());
  std::size_t begin = all.substr(0, at).rfind('\n') + 1;
  std::size_t end = std::min(all.find('\n', at), all.size());
  std::string line(all.substr(begin, end - begin));
  auto blot = [&line](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, line.size()); ++i) line[i] = continuation(line[i]) ? line[i] : '*';
  };
  for (Span part : likely_secrets(line)) blot(part.begin, part.end);
  for (Span part : hidden_)
    if (part.end > begin && part.begin < end) blot(std::max(part.begin, begin) - begin, part.end - begin);
  // A blotted lead byte leaves its continuation bytes behind; they go too.
  std::string shown, pad;
  std::size_t caret = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (begin == 0 && i < 3 && line.substr(0, 3) == "\xEF\xBB\xBF") continue;
    if (line[i] == '\r' || (continuation(line[i]) && (shown.empty() || shown.back() == '*'))) continue;
    if (!continuation(line[i]) && begin + i < at) ++caret;
    shown += static_cast<unsigned char>(line[i]) < 0x20 ? ' ' : line[i];
  }
  const auto width = std::max<std::size_t>(1, characters(all.substr(at, std::min(span.end, end) - std::min(at, std::min(span.end, end)))));
  // Long lines: a window of 100 characters around the caret.
  std::size_t skip = caret > 80 ? caret - 60 : 0, from = 0;
  for (std::size_t left = skip; left > 0 && from < shown.size(); --left)
    do ++from;
    while (from < shown.size() && continuation(shown[from]));
  std::size_t to = from;
  for (std::size_t left = 100; left > 0 && to < shown.size(); --left)
    do ++to;
    while (to < shown.size() && continuation(shown[to]));
  const std::string number = std::to_string(position(at).line);
  pad.assign(number.size(), ' ');
  return " " + number + " | " + shown.substr(from, to - from) + "\n " + pad + " | " + std::string(caret - skip, ' ') + "^" +
         std::string(std::min<std::size_t>(width, 40) - 1, '~') + "\n";
}

Diagnostic Source::diagnose(const Complaint& complaint) const {
  const Position p = position(complaint.span.begin);
  return {name_ + ":" + std::to_string(p.line) + ":" + std::to_string(p.column), complaint.message, excerpt(complaint.span)};
}

}  // namespace siltgate::settings
