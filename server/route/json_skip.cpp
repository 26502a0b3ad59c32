// SPDX-License-Identifier: Apache-2.0
#include "route/json_skip.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/byte_words.hpp"

namespace siltgate::route {
namespace {

constexpr std::size_t block_size = 64;
constexpr std::size_t npos = std::string_view::npos;

/// Where in a block stand quotes, backslashes, opening and closing brackets: bit n for byte n. The two kinds of brackets differ by
/// one bit.
#if defined(__SSE2__)
struct Block {
  __m128i a, b, c, d;
  explicit Block(const char* bytes) : a(part(bytes)), b(part(bytes + 16)), c(part(bytes + 32)), d(part(bytes + 48)) {}
  std::uint64_t quotes() const { return mask([](__m128i v) { return _mm_cmpeq_epi8(v, _mm_set1_epi8('"')); }); }
  std::uint64_t backslashes() const { return mask([](__m128i v) { return _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')); }); }
  std::uint64_t opening() const { return mask([](__m128i v) { return bracket(v, '{'); }); }
  std::uint64_t closing() const { return mask([](__m128i v) { return bracket(v, '}'); }); }
  /// Neither quotes nor backslashes.
  bool plain() const {
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(marks(a), marks(b)), _mm_or_si128(marks(c), marks(d)))) == 0;
  }

 private:
  static __m128i part(const char* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }
  static __m128i bracket(__m128i v, char curly) { return _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8(curly)); }
  static __m128i marks(__m128i v) {
    return _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
  }
  template <class F>
  std::uint64_t mask(F test) const {
    const auto bits = [&](__m128i v) { return std::uint64_t{static_cast<std::uint32_t>(_mm_movemask_epi8(test(v)))}; };
    return bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48;
  }
};
#else
struct Block {
  std::uint64_t part[8];
  explicit Block(const char* bytes) {
    for (int i = 0; i < 8; ++i) part[i] = bytes_at<std::uint64_t>(bytes + 8 * i);
  }
  std::uint64_t quotes() const { return mask('"', 0); }
  std::uint64_t backslashes() const { return mask('\\', 0); }
  std::uint64_t opening() const { return mask('{', 0x20); }
  std::uint64_t closing() const { return mask('}', 0x20); }
  bool plain() const {
    std::uint64_t any = 0;
    for (const std::uint64_t word : part) any |= hits(word, '"') | hits(word, '\\');
    return any == 0;
  }

 private:
  static constexpr std::uint64_t lows = ~high_bits;
  /// 0x80 in each byte that is `c`.
  static std::uint64_t hits(std::uint64_t word, char c) {
    const std::uint64_t rest = word ^ each_byte * static_cast<unsigned char>(c);
    return ~(((rest & lows) + lows) | rest | lows);
  }
  std::uint64_t mask(char c, std::uint64_t ignored) const {
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits |= std::uint64_t{side_by_side(hits(part[i] | each_byte * ignored, c))} << 8 * i;
    return bits;
  }
};
#endif

/// Bit n: the number of bits set up to n, itself included, is odd.
std::uint64_t parity_up_to(std::uint64_t bits) {
  if (bits == 0) return 0;
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

/// The bytes that a backslash escapes; `escaped` goes from block to block.
std::uint64_t escaped_bytes(std::uint64_t backslashes, bool& escaped) {
  constexpr std::uint64_t even = 0x5555555555555555;
  backslashes &= ~std::uint64_t{escaped};
  const std::uint64_t follows = backslashes << 1 | std::uint64_t{escaped};
  const std::uint64_t odd_starts = backslashes & ~even & ~follows;
  std::uint64_t runs_from_odd = 0;
  escaped = __builtin_add_overflow(odd_starts, backslashes, &runs_from_odd);
  return (even ^ runs_from_odd << 1) & follows;
}

/// The next quote from `at` on, or the end. In escaped source code quotes stand close together, where calling memchr costs
/// more than looking: eight bytes at a time first, memchr when none is near.
std::size_t find_quote(std::string_view text, std::size_t at) {
  for (int near = 0; near < 8 && at + 8 <= text.size(); ++near, at += 8) {
    const std::uint64_t quotes = perhaps(bytes_at<std::uint64_t>(text.data() + at), '"');
    if (quotes != 0) return at + bytes_before(quotes);  // the lowest one is certain
  }
  const void* found = at < text.size() ? std::memchr(text.data() + at, '"', text.size() - at) : nullptr;
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
}

/// Past the whole blocks from `at` on in which there is neither a quote nor a backslash.
std::size_t behind_plain(std::string_view text, std::size_t at) {
  while (at + block_size <= text.size() && Block(text.data() + at).plain()) at += block_size;
  return at;
}

}  // namespace

std::size_t string_end(std::string_view text, std::size_t begin, std::size_t from) {
  for (std::size_t at = from; at < text.size();) {
    const std::size_t quote = find_quote(text, at);
    if (quote == text.size()) break;
    std::size_t backslashes = 0;
    while (quote - backslashes > begin && text[quote - backslashes - 1] == '\\') ++backslashes;
    at = quote + 1;
    if (backslashes % 2 == 0) return at;
  }
  return npos;
}

std::size_t ContainerScan::end(std::string_view text, std::size_t from) {
  while (from + block_size <= text.size()) {
    const Seen seen = block(text.data() + from);
    if (seen == Seen::unsure) {
      const std::size_t end = slowly(text, from, from + block_size);
      if (end != npos) return end;
    }
    from += block_size;
    if (seen == Seen::plain) from = behind_plain(text, from);
  }
  return slowly(text, from, text.size());
}

/// unsure: nothing was done, because the container may end here, or for backslashes outside of strings, which escape nothing.
ContainerScan::Seen ContainerScan::block(const char* bytes) {
  const Block block(bytes);
  if (in_string_ && block.plain()) {
    escaped_ = false;
    return Seen::plain;
  }
  const std::uint64_t backslashes = block.backslashes();
  bool escaped = escaped_;
  std::uint64_t quotes = block.quotes();
  if (backslashes || escaped) quotes &= ~escaped_bytes(backslashes, escaped);
  const std::uint64_t inside = parity_up_to(quotes) ^ (in_string_ ? ~std::uint64_t{0} : 0);
  if (backslashes & ~inside) return Seen::unsure;
  if (~inside) {
    const std::uint64_t opening = block.opening() & ~inside, closing = block.closing() & ~inside;
    if (closing) {
      const auto closed = static_cast<std::uint64_t>(std::popcount(closing));
      if (closed >= depth_) return Seen::unsure;
      depth_ -= closed;
    }
    if (opening) depth_ += static_cast<std::uint64_t>(std::popcount(opening));
  }
  in_string_ = inside >> 63;
  escaped_ = escaped;
  return Seen::all;
}

std::size_t ContainerScan::slowly(std::string_view text, std::size_t from, std::size_t to) {
  for (std::size_t at = from; at < to; ++at) {
    const char c = text[at];
    if (in_string_) {
      if (escaped_) escaped_ = false;
      else if (c == '\\') escaped_ = true;
      else if (c == '"') in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      return at + 1;
    }
  }
  return npos;
}

}  // namespace siltgate::route
