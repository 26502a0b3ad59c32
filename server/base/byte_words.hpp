// SPDX-License-Identifier: Apache-2.0
// Eight bytes of text at once in one number. Knows no characters but ranges of ASCII.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace siltgate {

/// A number whose lowest byte is the first one in memory, to and from the order of the machine.
template <class Number>
constexpr Number lowest_first(Number number) {
  if constexpr (std::endian::native == std::endian::little) return number;
  else if constexpr (sizeof number == 8) return __builtin_bswap64(number);
  else return __builtin_bswap32(number);
}

template <class Number>
std::uint64_t bytes_at(const void* text) {
  Number number;
  std::memcpy(&number, text, sizeof number);
  return lowest_first(number);
}

/// The first eight bytes of a text, the first one lowest; zeros behind a shorter text.
inline std::uint64_t first_bytes(std::string_view text) {
  const char* const data = text.data();
  const std::size_t size = text.size();
  if (size >= 8) [[likely]] return bytes_at<std::uint64_t>(data);
  if (size >= 4) return bytes_at<std::uint32_t>(data) | bytes_at<std::uint32_t>(data + size - 4) << 8 * (size - 4);
  std::uint64_t bytes = 0;
  for (std::size_t i = size; i > 0; --i) bytes = bytes << 8 | static_cast<unsigned char>(data[i - 1]);
  return bytes;
}

inline constexpr std::uint64_t each_byte = 0x0101010101010101u;
inline constexpr std::uint64_t high_bits = 0x80 * each_byte;

/// Of each of eight bytes of ASCII the high bit: set where it lies between two characters. No sum runs over into the next.
constexpr std::uint64_t between(std::uint64_t ascii, unsigned char first, unsigned char last) {
  return (ascii + (0x80u - first) * each_byte) & ~(ascii + (0x7Fu - last) * each_byte) & high_bits;
}
/// The same for a single character.
constexpr std::uint64_t equal(std::uint64_t ascii, unsigned char c) { return ~((ascii ^ c * each_byte) + 0x7F * each_byte) & high_bits; }

/// Of each of eight bytes the high bit: set where it is `byte`, and perhaps in bytes above such a one.
constexpr std::uint64_t perhaps(std::uint64_t bytes, std::uint8_t byte) {
  const std::uint64_t zero = bytes ^ byte * each_byte;
  return (zero - each_byte) & ~zero & high_bits;
}

/// The high bits of eight bytes, of which no other is set, side by side, that of the first one lowest.
constexpr std::uint32_t side_by_side(std::uint64_t bytes) {
  return static_cast<std::uint32_t>((bytes >> 7) * 0x0102040810204080u >> 56);
}

/// As std::popcount, which is a call where the compiler may not use the instruction.
constexpr std::uint32_t count_bits(std::uint32_t bits) {
  bits -= bits >> 1 & 0x55555555u;
  bits = (bits & 0x33333333u) + (bits >> 2 & 0x33333333u);
  return ((bits + (bits >> 4)) & 0x0F0F0F0Fu) * 0x01010101u >> 24;
}

/// How many bytes come before the first one whose high bit is set.
constexpr std::uint32_t bytes_before(std::uint64_t marked) { return static_cast<std::uint32_t>(std::countr_zero(marked)) / 8; }

}  // namespace siltgate
