// SPDX-License-Identifier: Apache-2.0
#include "stream/sound_string.hpp"

#include <algorithm>

namespace siltgate::stream {
namespace {

/// Value of a hexadecimal digit, 16 for another character.
unsigned hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? static_cast<unsigned>(letter - 'a' + 10) : 16;
}

}  // namespace

/// The first byte from `p` on where a string may not simply go on; end_ if there is none.
SoundStrings::Position SoundStrings::plain_end(Position p) const {
  for (; end_ - p >= 16; p += 16)
    if (const unsigned at = first_set(stops(load_block(p))); at < 16) return p + at;
  while (p < end_ && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= ' ') ++p;
  return p;
}

/// A string that is plain up to `behind`.
SoundStrings::Read SoundStrings::longer(Position p, Position behind) {
  const Position stop = plain_end(behind);
  if (stop != end_ && *stop == '"') return {stop + 1, {p, static_cast<std::size_t>(stop - p)}};
  return escaped(p, stop);
}

/// A string that is plain up to `stop`, where it has a backslash or something wrong.
SoundStrings::Read SoundStrings::escaped(Position p, Position stop) {
  if (decoded_.size() < size_) decoded_.resize(size_);  // what is decoded is not longer: once sized, views into it hold
  if (out_ == nullptr) out_ = decoded_.data();
  const char* const start = out_;
  while (stop != end_ && *stop == '\\') {
    out_ = std::copy(p, stop, out_);
    p = escape(stop + 1);
    if (p == nullptr) return {nullptr, {}};
    stop = plain_end(p);
  }
  if (stop == end_ || *stop != '"') return {nullptr, {}};
  out_ = std::copy(p, stop, out_);
  return {stop + 1, {start, static_cast<std::size_t>(out_ - start)}};
}

/// Behind the backslash.
SoundStrings::Position SoundStrings::escape(Position p) {
  if (p == end_) return nullptr;
  switch (*p) {
    case '"': case '\\': case '/': *out_++ = *p; break;
    case 'n': *out_++ = '\n'; break;
    case 't': *out_++ = '\t'; break;
    case 'r': *out_++ = '\r'; break;
    case 'b': *out_++ = '\b'; break;
    case 'f': *out_++ = '\f'; break;
    case 'u': return unicode(p + 1);
    default: return nullptr;
  }
  return p + 1;
}

/// Behind the `u` of an escape. Half a surrogate pair is nothing usual.
SoundStrings::Position SoundStrings::unicode(Position p) {
  std::uint32_t code = 0;
  if (!four_digits(p, code)) return nullptr;
  p += 4;
  if (code >= 0xD800 && code < 0xE000) {
    std::uint32_t low = 0;
    if (code >= 0xDC00 || end_ - p < 6 || p[0] != '\\' || p[1] != 'u' || !four_digits(p + 2, low)) return nullptr;
    if (low < 0xDC00 || low >= 0xE000) return nullptr;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    p += 6;
  }
  append_utf8(code);
  return p;
}

bool SoundStrings::four_digits(Position p, std::uint32_t& code) const {
  if (end_ - p < 4) return false;
  for (int i = 0; i < 4; ++i) {
    const unsigned digit = hex_value(p[i]);
    if (digit > 15) return false;
    code = code << 4 | digit;
  }
  return true;
}

void SoundStrings::append_utf8(std::uint32_t code) {
  const auto more = [&](int shift) { append(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return append(code);
  if (code < 0x800) {
    append(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    append(0xE0 | code >> 12);
    more(6);
  } else {
    append(0xF0 | code >> 18);
    more(12);
    more(6);
  }
  more(0);
}

}  // namespace siltgate::stream
