// SPDX-License-Identifier: Apache-2.0
// Reads the strings of one sound JSON payload (RFC 8259, section 7). Takes only what it is certain of: halves of surrogate pairs it
// gives up. Ill-formed UTF-8 is not looked for: that is another check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "stream/byte_block.hpp"

namespace siltgate::stream {

class SoundStrings {
 public:
  using Position = const char*;

  /// Strings that have escapes are decoded into `decoded`: views into it hold while both objects stay.
  SoundStrings(std::string_view payload, std::string& decoded)
      : end_(payload.data() + payload.size()), last_block_(end_ - 16), size_(payload.size()), decoded_(decoded) {}

  struct Read {
    Position end;             // behind the closing quotation mark; nullptr to give up
    std::string_view text;    // decoded
  };

  /// The string behind an opening quotation mark, which may not be the payload's last byte. Most strings are short.
  [[gnu::always_inline]] Read read(Position p) {
    if (p > last_block_) return longer(p, p);
    const unsigned size = first_set(stops(load_block(p)));
    if (size >= 16) return longer(p, p + 16);
    if (p[size] != '"') return escaped(p, p + size);
    return {p + size + 1, {p, size}};
  }

 private:
  /// Set where a string may not simply go on: quotation mark, backslash, control character. With one bit turned over the
  /// quotation mark is the neighbour of the control characters, which stay among themselves.
  static ByteMask stops(ByteBlock block) {
    static_assert(('"' ^ 2) == ' ');
    return ((block ^ 2) <= ' ') | (block == '\\');
  }

  Position plain_end(Position p) const;
  Read longer(Position p, Position behind);
  Read escaped(Position p, Position stop);
  Position escape(Position p);
  Position unicode(Position p);
  bool four_digits(Position p, std::uint32_t& code) const;
  void append_utf8(std::uint32_t code);
  void append(std::uint32_t byte) { *out_++ = static_cast<char>(byte); }

  Position end_;
  Position last_block_;    // sixteen bytes are left from here
  std::size_t size_;       // of the payload
  std::string& decoded_;
  char* out_ = nullptr;    // behind the last decoded string
};

}  // namespace siltgate::stream
