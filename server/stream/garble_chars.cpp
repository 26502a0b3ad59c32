// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_chars.hpp"

#include <algorithm>

namespace siltgate::stream {
namespace {

struct Range {
  char32_t first, last;
  CharClass what;
};

constexpr CharClass mark{CharKind::punctuation, Script::none};
constexpr CharClass drawn{CharKind::symbol, Script::none};
constexpr CharClass blank{CharKind::space, Script::none};
constexpr CharClass of(Script script) { return {CharKind::letter, script}; }

// Ascending. What lies between the ranges is a letter of another script: a script that is not listed must not look like
// symbols. Combining marks count with the letters of their script.
constexpr Range ranges[] = {
    {0x80, 0x9F, drawn},                       // controls
    {0xA0, 0xA0, blank},
    {0xA1, 0xA9, mark},
    {0xAA, 0xAA, of(Script::latin)},
    {0xAB, 0xB4, mark},
    {0xB5, 0xB5, of(Script::greek)},
    {0xB6, 0xB9, mark},
    {0xBA, 0xBA, of(Script::latin)},
    {0xBB, 0xBF, mark},
    {0xC0, 0xD6, of(Script::latin)},
    {0xD7, 0xD7, mark},
    {0xD8, 0xF6, of(Script::latin)},
    {0xF7, 0xF7, mark},
    {0xF8, 0x36F, of(Script::latin)},
    {0x370, 0x3FF, of(Script::greek)},
    {0x400, 0x52F, of(Script::cyrillic)},
    {0x590, 0x5FF, of(Script::hebrew)},
    {0x600, 0x61F, mark},
    {0x620, 0x77F, of(Script::arabic)},
    {0x8A0, 0x8FF, of(Script::arabic)},
    {0x900, 0xDFF, of(Script::indic)},
    {0xE00, 0xEFF, of(Script::thai)},
    {0x1100, 0x11FF, of(Script::hangul)},
    {0x1AB0, 0x1AFF, of(Script::latin)},
    {0x1E00, 0x1EFF, of(Script::latin)},
    {0x1F00, 0x1FFF, of(Script::greek)},
    {0x2000, 0x200B, blank},
    {0x200C, 0x2027, mark},
    {0x2028, 0x2029, {CharKind::newline, Script::none}},
    {0x202A, 0x206F, mark},
    {0x2070, 0x2BFF, drawn},                   // superscripts, arrows, mathematics, boxes, blocks, dingbats, Braille
    {0x2E00, 0x2E7F, mark},
    {0x2E80, 0x2FDF, of(Script::han)},
    {0x3000, 0x3000, blank},
    {0x3001, 0x3004, mark},
    {0x3005, 0x3007, of(Script::han)},
    {0x3008, 0x303F, mark},
    {0x3040, 0x312F, of(Script::han)},         // Kana, Bopomofo
    {0x3130, 0x318F, of(Script::hangul)},
    {0x3190, 0x31FF, of(Script::han)},
    {0x3200, 0x33FF, drawn},
    {0x3400, 0x4DBF, of(Script::han)},
    {0x4DC0, 0x4DFF, drawn},
    {0x4E00, 0x9FFF, of(Script::han)},
    {0xA960, 0xA97F, of(Script::hangul)},
    {0xAC00, 0xD7FF, of(Script::hangul)},
    {0xE000, 0xF8FF, drawn},                   // private use
    {0xF900, 0xFAFF, of(Script::han)},
    {0xFB00, 0xFB06, of(Script::latin)},
    {0xFB1D, 0xFB4F, of(Script::hebrew)},
    {0xFB50, 0xFDFF, of(Script::arabic)},
    {0xFE00, 0xFE6F, mark},
    {0xFE70, 0xFEFE, of(Script::arabic)},
    {0xFEFF, 0xFEFF, blank},
    {0xFF00, 0xFF0F, mark},
    {0xFF10, 0xFF19, {CharKind::digit, Script::none}},
    {0xFF1A, 0xFF20, mark},
    {0xFF21, 0xFF3A, of(Script::latin)},
    {0xFF3B, 0xFF40, mark},
    {0xFF41, 0xFF5A, of(Script::latin)},
    {0xFF5B, 0xFF65, mark},
    {0xFF66, 0xFF9F, of(Script::han)},
    {0xFFA0, 0xFFDC, of(Script::hangul)},
    {0xFFE0, 0xFFFF, drawn},
    {0x1D000, 0x1D3FF, drawn},
    {0x1D400, 0x1D7FF, of(Script::greek)},     // mathematical letters go with Latin as Greek ones do
    {0x1F000, 0x1FAFF, drawn},                 // emoji
    {0x20000, 0x3FFFF, of(Script::han)},
    {0xE0000, 0x10FFFF, drawn},
};

}  // namespace

CharClass classify_wide(char32_t code) {
  if (code >= 0x4E00 && code <= 0x9FFF) return of(Script::han);        // the common ones at once
  if (code >= 0x400 && code <= 0x52F) return of(Script::cyrillic);
  if (code >= 0x3040 && code <= 0x312F) return of(Script::han);
  const auto* range =
      std::lower_bound(std::begin(ranges), std::end(ranges), code, [](const Range& r, char32_t c) { return r.last < c; });
  if (range != std::end(ranges) && code >= range->first) return range->what;
  return of(Script::other);
}

}  // namespace siltgate::stream
