// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_encoding.hpp"

#include <algorithm>
#include <iterator>

namespace siltgate::stream {
namespace {

// Measured: docs/decisions/0020-garble.md.
constexpr std::uint32_t row_doubtful = 16, row_certain = 48;
constexpr std::uint32_t groups_doubtful = 5, groups_certain = 16;
constexpr std::uint32_t mojibake_doubtful = 12, mojibake_certain = 48;

/// The characters Windows-1252 shows for bytes 0x80 to 0x9F.
constexpr char32_t cp1252[] = {0x0152, 0x0153, 0x0160, 0x0161, 0x0178, 0x017D, 0x017E, 0x0192, 0x02C6,
                               0x02DC, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E,
                               0x2020, 0x2021, 0x2022, 0x2026, 0x2030, 0x2039, 0x203A, 0x20AC, 0x2122};

bool stands_for_continuation(char32_t code) {
  return (code >= 0x80 && code <= 0xBF) || std::binary_search(std::begin(cp1252), std::end(cp1252), code);
}

/// How many continuation bytes the byte this character stands for asks for.
std::uint8_t asks_for(char32_t code) {
  if (code >= 0xC2 && code <= 0xDF) return 1;
  if (code >= 0xE0 && code <= 0xEF) return 2;
  return code >= 0xF0 && code <= 0xF4 ? 3 : 0;
}

}  // namespace

Certain EncodingSignal::take(const GarbleChar& c) {
  if (c.at != previous_at_ + 1) {   // ASCII stood between
    sound_ += missing_ > 0;         // an accented letter that nothing belongs to
    missing_ = 0;
    previous_ = 0;
  }
  previous_at_ = c.at;
  const Certain found = c.code == replacement_code ? take_replacement(c) : take_mojibake(c);
  previous_ = c.code;
  return found;
}

/// 1. A row. 2. Rows strewn over one place.
Certain EncodingSignal::take_replacement(const GarbleChar& c) {
  if (replaced_ == 0 || c.at - last_ > reach) {
    replaced_ = groups_ = row_ = 0;
    from_ = c.at;
  }
  if (previous_ != replacement_code || row_ == 0) {
    ++groups_;
    row_ = 0;
  }
  ++row_;
  ++replaced_;
  last_ = c.at;
  missing_ = 0;
  kind_ = Kind::replacement;
  if (row_ == row_certain) return Certain::yes;                                        // 1
  if (row_ == row_doubtful) return Certain::doubtful;
  if (row_ != 1) return Certain::no;
  if (groups_ == groups_certain) return Certain::yes;                                  // 2
  return groups_ == groups_doubtful ? Certain::doubtful : Certain::no;
}

/// Accented text has such pairs by chance ("ß“"), and texts about mojibake show some beside the right letters: so nearly
/// all that is not ASCII has to read as UTF-8.
Certain EncodingSignal::take_mojibake(const GarbleChar& c) {
  if (missing_ > 0 && stands_for_continuation(c.code)) {
    if (--missing_ > 0) return Certain::no;
    if (mojibake_ == 0 || c.at - mojibake_last_ > reach) {
      mojibake_ = 0;
      sound_ = 0;
      mojibake_from_ = c.at;
    }
    mojibake_last_ = c.at;
    ++mojibake_;
    if (sound_ * 8 > mojibake_) return Certain::no;
    kind_ = Kind::mojibake;
    if (mojibake_ >= mojibake_certain) return Certain::yes;
    return mojibake_ >= mojibake_doubtful ? Certain::doubtful : Certain::no;
  }
  if (missing_ > 0) ++sound_;
  missing_ = asks_for(c.code);
  if (missing_ == 0) ++sound_;
  return Certain::no;
}

}  // namespace siltgate::stream
