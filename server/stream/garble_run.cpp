// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_run.hpp"

#include <string_view>

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

}  // namespace

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
