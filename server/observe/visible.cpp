// SPDX-License-Identifier: Apache-2.0
#include "observe/visible.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace siltgate::observe {
namespace {

/// Length of the well-formed UTF-8 sequence at the start of `text` (Unicode table 3-7), 0 when it is ill-formed.
std::size_t sequence(std::string_view text, std::uint32_t& code_point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  code_point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (size == 3 && code_point < 0x800) || (size == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  return overlong || surrogate || code_point > 0x10ffff ? 0 : size;
}

/// Would change how the rest of the line is shown.
bool steers(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string escaped(std::uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return c < 0x80 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{:04x}", c);
}

}  // namespace

std::string visible(std::string_view text, std::size_t most) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  std::size_t at = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), printable) - text.begin());
  if (at > most) at = 0;
  std::string out(text.substr(0, at));   // nearly always all of it
  while (at < text.size()) {
    std::uint32_t c = 0;
    const std::size_t size = sequence(text.substr(at), c);
    if (at + (size ? size : 1) > most) return out + "…";
    if (size == 0)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    else if (steers(c))
      out += escaped(c);
    else
      out += text.substr(at, size);
    at += size ? size : 1;
  }
  return out;
}

}  // namespace siltgate::observe
