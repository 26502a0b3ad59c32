// SPDX-License-Identifier: Apache-2.0
// Sixteen bytes at once, in the vector types that g++ and clang have for every processor. Knows no text.
// Only what those types cannot say is written for one of them: x86 makes a number of a mask in one instruction.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace siltgate::stream {

using ByteBlock = unsigned char __attribute__((vector_size(16)));
using ByteMask = decltype(ByteBlock{} == '\0');  // each byte 0 or 0xFF

inline ByteBlock load_block(const void* p) {
  ByteBlock block;
  std::memcpy(&block, p, sizeof block);
  return block;
}

#if defined(__SSE2__)
inline unsigned bits_of(ByteMask mask) { return static_cast<unsigned>(_mm_movemask_epi8(reinterpret_cast<__m128i>(mask))); }
/// Position of the first byte that is set, 16 if none is.
inline unsigned first_set(ByteMask mask) { return static_cast<unsigned>(std::countr_zero(bits_of(mask) | 1u << 16)); }
inline bool any_set(ByteMask mask) { return bits_of(mask) != 0; }
#else
struct MaskHalves {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t low, high;
  explicit MaskHalves(ByteMask mask) {
    std::memcpy(&low, &mask, 8);
    std::memcpy(&high, reinterpret_cast<const char*>(&mask) + 8, 8);
  }
};
inline unsigned first_set(ByteMask mask) {
  const MaskHalves half(mask);
  if (half.low != 0) return static_cast<unsigned>(std::countr_zero(half.low)) / 8;
  return 8 + static_cast<unsigned>(std::countr_zero(half.high)) / 8;
}
inline bool any_set(ByteMask mask) {
  const MaskHalves half(mask);
  return (half.low | half.high) != 0;
}
#endif

}  // namespace siltgate::stream
