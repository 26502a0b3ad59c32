// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_run.hpp"

#include <bit>
#include <string_view>

#include "base/byte_words.hpp"

namespace siltgate::stream {
namespace {

struct Bounds {
  std::uint64_t doubtful, certain;
};

constexpr std::string_view fillers = "ANabcdefxXvV";   // what people fill memory, hashes, forms and rulers with

bool is_one_of(char32_t code, std::string_view set) {
  return code < 128 && set.find(static_cast<char>(code)) != std::string_view::npos;
}

/// Measured lengths behind these numbers: docs/decisions/0020-garble.md.
/// 1. U+FFFD has a signal of its own. 2. Base64 of zeros, buffers filled with A. 3. Unknown bases of a genome.
/// 4. Dummy hashes, filled memory, placeholders, arrows. 5. Other Latin letters. 6. Letters of other scripts: laughter, held vowels.
/// 7. Digits: 1/3, zeros of a table. 8. Excitement, lost encodings, and rulers again. 9. Rulers, indents, boxes, bars.
Bounds bounds(char32_t code, CharKind kind) {
  if (code == replacement_code) return {~0ull, ~0ull};                             // 1
  if (is_one_of(code, "A")) return {4000, 16000};                                  // 2
  if (is_one_of(code, "N")) return {400, 2000};                                    // 3
  if (is_one_of(code, "abcdefBCDEFxXvV")) return {200, 400};                         // 4
  if (code < 128 && kind == CharKind::letter) return {40, 64};                     // 5
  if (kind == CharKind::letter) return {64, 200};                                  // 6
  if (kind == CharKind::digit) return {1000, 4000};                                // 7
  if (is_one_of(code, "!?") || code == U'！' || code == U'？') return {120, 300};  // 8
  return {1500, 6000};                                                             // 9
}

bool all_the_same(std::uint64_t bytes) { return bytes == std::rotl(bytes, 8); }

}  // namespace

/// Only runs of 24 and more say something while the text goes on, and they hold a row of eight at a multiple of eight.
Taken RunSignal::look_for_runs(std::string_view text, std::uint64_t at) {
  std::size_t i = 0;
  while (true) {
    for (; i < text.size() && static_cast<unsigned char>(text[i]) == code_; ++i) {
      if (++length_ < look_at_) continue;
      if (const Certain found = judge(); found != Certain::no) return {i + 1, found};
    }
    if (i == text.size()) return {i, Certain::no};
    std::size_t row = i;
    while (row + 8 <= text.size() && !all_the_same(first_bytes(text.substr(row)))) row += 8;
    const std::string_view rest = text.substr(i);
    if (row + 8 > text.size()) {
      begin_in(rest, run_start(rest, rest.size() - 1), at + i);
      return {text.size(), Certain::no};
    }
    i += run_start(rest, row - i);
    begin_in(text.substr(i, 1), 0, at + i);
    ++i;
  }
}

Certain RunSignal::judge() {
  Bounds bound = bounds(code_, kind_);
  if (whole_ && kind_ == CharKind::letter && !is_one_of(code_, fillers)) bound.doubtful = least_;
  look_at_ = length_ < bound.doubtful ? bound.doubtful : length_ < bound.certain ? bound.certain : ~0ull;
  if (length_ == bound.certain) return Certain::yes;
  return length_ == bound.doubtful ? Certain::doubtful : Certain::no;
}

Certain RunSignal::finish() const {
  if (!whole_ || kind_ != CharKind::letter || is_one_of(code_, fillers)) return Certain::no;
  const std::uint64_t least = code_ < 128 ? 7 : 16;   // somebody may ask for "哈哈哈哈哈哈哈哈"
  return length_ >= least ? Certain::doubtful : Certain::no;
}

}  // namespace siltgate::stream
