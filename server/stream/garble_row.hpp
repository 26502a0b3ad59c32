// SPDX-License-Identifier: Apache-2.0
// Up to 32 characters of ASCII at once, most of most texts: which are letters, spaces and line ends, a bit for each, so
// that a signal need not look at one after the other. Ends before a backtick and before what may begin a token, which
// change what the characters behind them mean. Knows no signal.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/byte_words.hpp"
#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class AsciiRow {
 public:
  static constexpr std::uint32_t most = 32;

  /// Of the first characters of `text`, up to `room` of them.
  AsciiRow(std::string_view text, std::uint32_t room) {
    auto size = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), room));
    std::uint32_t letters = 0, others = 0, i = 0;
    for (; i < size; i += 8) {
      std::uint64_t bytes = first_bytes({text.data() + i, text.size() - i});
      if ((bytes & high_bits) != 0) [[unlikely]] {
        size = std::min(size, i + bytes_before(bytes & high_bits));
        bytes &= ~high_bits;
      }
      bytes_[i / 8] = bytes;
      const std::uint64_t is_letter = between(bytes | 0x20 * each_byte, 'a', 'z');
      const std::uint64_t is_other = ~(is_letter | equal(bytes, ' ')) & high_bits;
      letters |= side_by_side(is_letter) << i;
      if (is_other != 0) others |= side_by_side(is_other) << i;
    }
    bytes_[i / 8] = 0;
    size_ = size;
    const std::uint32_t count = add_others(others & within());
    letters_ = letters & within();
    solid_ |= letters_;
    const std::uint32_t letter_count = count_bits(letters_);
    counts_ += letter_count * one(CharKind::letter) + (size_ - letter_count - count) * one(CharKind::space);
  }

  std::uint32_t size() const { return size_; }
  /// A bit for each character, the lowest for the first one; and for those that are letters, line ends, brackets ...
  std::uint32_t within() const { return static_cast<std::uint32_t>((std::uint64_t{1} << size_) - 1); }
  std::uint32_t letters() const { return letters_; }
  std::uint32_t newlines() const { return newlines_; }
  std::uint32_t brackets() const { return brackets_; }
  std::uint32_t solid() const { return solid_; }          // all but spaces and line ends
  std::uint64_t counts() const { return counts_; }        // of each CharKind, a byte each
  std::uint32_t marks() const { return marks_; }          // which of them, a bit for each of the 32 of ASCII
  char operator[](std::uint32_t i) const { return static_cast<char>(bytes_[i / 8] >> i % 8 * 8); }
  /// The eight bytes from `i` on, the first one lowest.
  std::uint64_t bytes_from(std::uint32_t i) const {
    if constexpr (std::endian::native == std::endian::little)
      return bytes_at<std::uint64_t>(reinterpret_cast<const char*>(bytes_.data()) + i);
    const std::uint32_t shift = i % 8 * 8;
    return bytes_[i / 8] >> shift | bytes_[i / 8 + 1] << 1 << (63 - shift);
  }

  /// True when rows hold all of `text`.
  static bool holds(std::string_view text) {
    std::uint64_t ends = 0;
    for (std::size_t i = 0; i < text.size(); i += 8) {
      const std::uint64_t bytes = first_bytes({text.data() + i, text.size() - i});
      ends |= bytes | equal(bytes, '`') | equal(bytes, '<') | equal(bytes, '[');
    }
    return (ends & high_bits) == 0;
  }

  /// Number of a mark of ASCII, 0 to 31.
  static constexpr std::uint32_t mark_number(unsigned char mark) { return traits[mark] & 31; }

 private:
  /// Of each character of ASCII: the number of a mark, and what it is besides.
  static constexpr std::uint8_t bracket = 0x20, end = 0x40;
  static constexpr std::array<std::uint8_t, 128> traits = [] {
    std::array<std::uint8_t, 128> table{};
    std::uint8_t marks = 0;
    for (std::size_t c = 0; c < table.size(); ++c) {
      if (ascii_classes[c].kind == CharKind::punctuation) table[c] = marks++;
      for (const char b : std::string_view("()[]{}")) table[c] |= static_cast<char>(c) == b ? bracket : 0;
      for (const char b : std::string_view("`<[")) table[c] |= static_cast<char>(c) == b ? end : 0;
    }
    return table;
  }();
  static constexpr std::uint64_t one(CharKind kind) { return std::uint64_t{1} << 8 * static_cast<unsigned>(kind); }

  /// Neither letters nor spaces. The first one that no row holds ends this one. Returns the number of those before.
  std::uint32_t add_others(std::uint32_t others) {
    std::uint32_t count = 0;
    for (; others != 0; others &= others - 1, ++count) {
      const auto i = static_cast<std::uint32_t>(std::countr_zero(others));
      const auto code = static_cast<unsigned char>((*this)[i]);
      if ((traits[code] & end) != 0) {
        size_ = i;
        break;
      }
      const CharKind kind = ascii_classes[code].kind;
      const std::uint32_t bit = 1u << i;
      counts_ += one(kind);
      marks_ |= std::uint32_t{kind == CharKind::punctuation} << (traits[code] & 31);
      brackets_ |= (traits[code] & bracket) != 0 ? bit : 0;
      newlines_ |= kind == CharKind::newline ? bit : 0;
      solid_ |= kind > CharKind::newline ? bit : 0;
    }
    return count;
  }

  std::array<std::uint64_t, most / 8 + 1> bytes_;
  std::uint64_t counts_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t letters_ = 0, newlines_ = 0, brackets_ = 0, solid_ = 0, marks_ = 0;
};

}  // namespace siltgate::stream
