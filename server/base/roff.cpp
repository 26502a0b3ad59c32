// SPDX-License-Identifier: Apache-2.0
#include "base/roff.hpp"

#include <fmt/format.h>

#include <sstream>

namespace siltgate {

namespace {

/// A character beyond ASCII as \[uXXXX]; `text` is UTF-8 and `at` its first byte. Moves `at` to its last byte.
std::string named_character(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  unsigned code = lead & (0x3Fu >> more);
  for (; more > 0 && at + 1 < text.size(); --more) code = code << 6 | (static_cast<unsigned char>(text[++at]) & 0x3Fu);
  return fmt::format("\\[u{:04X}]", code);
}

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') out += "\\e";
    else if (c == '-') out += "\\-";
    else if (static_cast<unsigned char>(c) >= 0x80) out += named_character(text, at);
    else out += c;
  }
  return out;
}

std::string roff_prose(std::string_view text) {
  std::string wrapped;
  std::size_t width = 0;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const bool fits = width == 0 || width + 1 + word.size() <= 72;   // escapes make it longer
    if (width > 0) wrapped += fits ? ' ' : '\n';
    width = fits && width > 0 ? width + 1 + word.size() : word.size();
    wrapped += word;
  }
  return roff(wrapped);
}

std::string roff_block(std::string_view lines) {
  while (lines.ends_with('\n')) lines.remove_suffix(1);
  while (lines.starts_with('\n')) lines.remove_prefix(1);
  return ".nf\n" + roff(lines) + "\n.fi\n";
}

std::string roff_item(std::string_view tag, std::string_view text) {
  return ".TP\n" + std::string(tag) + "\n" + roff_prose(text) + "\n";
}

}  // namespace siltgate
