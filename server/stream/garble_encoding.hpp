// SPDX-License-Identifier: Apache-2.0
// Signal `encoding`: text that has gone through the wrong decoder. Two kinds. U+FFFD in rows or strewn over a text: a
// tokenizer that cuts characters, or a model that emits lone byte tokens; one now and then is common, and texts about
// encodings show a few. And mojibake ("Ã©", "ä¸­"): UTF-8 read as Windows-1252, where each lead byte shows as À…ô and
// is followed by the right number of characters that stand for continuation bytes. Knows one text, no others.
#pragma once

#include <cstdint>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class EncodingSignal {
 public:
  enum class Kind : std::uint8_t { replacement, mojibake };

  /// Needs only the characters beyond ASCII.
  Certain take(const GarbleChar& c);
  Kind kind() const { return kind_; }
  std::uint64_t count() const { return kind_ == Kind::mojibake ? mojibake_ : replaced_; }
  std::uint64_t from() const { return kind_ == Kind::mojibake ? mojibake_from_ : from_; }

 private:
  Certain take_replacement(const GarbleChar& c);
  Certain take_mojibake(const GarbleChar& c);

  static constexpr std::uint64_t reach = 256;   // characters; what lies further back is another place
  Kind kind_ = Kind::replacement;
  char32_t previous_ = 0;             // beyond ASCII ...
  std::uint64_t previous_at_ = 0;     // ... and where
  std::uint64_t last_ = 0;            // position of the last U+FFFD
  std::uint64_t from_ = 0;            // of the first U+FFFD of this place
  std::uint64_t mojibake_from_ = 0;
  std::uint64_t mojibake_last_ = 0;
  std::uint32_t replaced_ = 0;        // U+FFFD at this place
  std::uint32_t groups_ = 0;          // rows of U+FFFD at this place
  std::uint32_t row_ = 0;             // length of the row
  std::uint32_t mojibake_ = 0;        // sequences that read as UTF-8
  std::uint32_t sound_ = 0;           // other characters beyond ASCII near them
  std::uint8_t missing_ = 0;          // stand-ins for continuation bytes that are still to come
};

}  // namespace siltgate::stream
