// SPDX-License-Identifier: Apache-2.0
// Signal `scripts`: letters of scripts that never share a word, glued together again and again ("火ко์ภ帥"), as a model
// writes that samples from the whole vocabulary. Mixing alone is healthy: Chinese with Latin names, an English sentence
// with a Chinese word in it, lists of translations. There the joints are CJK or Korean beside Latin, or a space or a
// mark stands between. So only joints that no orthography has are counted. Knows one text, no others.
#pragma once

#include <array>
#include <cstdint>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class ScriptsSignal {
 public:
  /// `before`: the script of the character before, none if that was no letter. Two ASCII letters need not be shown.
  Certain take(const GarbleChar& c, Script before) {
    if (c.script > Script::cyrillic) third_at_ = c.at + reach;
    if (c.script == before || c.script == Script::none || before == Script::none) [[likely]] return Certain::no;
    return joint(before, c.script, c.at);
  }
  std::uint32_t count() const { return counted_; }
  std::uint64_t from() const { return joints_[(next_ + most - counted_) % most]; }

  static constexpr std::uint64_t reach = 512;   // characters that the joints may lie apart
  /// Letters of the two may touch in healthy text.
  static bool is_usual(Script a, Script b);

 private:
  Certain joint(Script a, Script b, std::uint64_t at);

  static constexpr std::uint32_t most = 8;
  std::array<std::uint64_t, most> joints_{};    // positions of the last ones
  std::uint64_t third_at_ = 0;                  // up to here a letter of a third script is near
  std::uint32_t next_ = 0;
  std::uint32_t filled_ = 0;
  std::uint32_t counted_ = 0;                   // of the last judgement
};

}  // namespace siltgate::stream
