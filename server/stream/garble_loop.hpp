// SPDX-License-Identifier: Apache-2.0
// Signal `loop`: the same piece of text again and again, of any period from 2 to 2,000 characters, exactly or with only
// its numbers changing. The last 2,048 elements of the text are kept, one byte each, and for a hash of each eight
// elements the place where they stood last. Eight that stood `period` ago make a candidate; from then on each element is
// only compared with the one `period` before it. How long that must hold depends on what repeats: garble_loop_unit.hpp.
// Knows one text, no others. 1.4 KiB of state for a short text, 3.2 KiB from 2,000 characters on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "stream/garble_chars.hpp"
#include "stream/garble_loop_unit.hpp"

namespace siltgate::stream {

class LoopSignal {
 public:
  static constexpr std::uint32_t longest_period = 2000;

  /// `quoted`: the text is inside a block of code or the arguments of a tool.
  Certain take(const GarbleChar& c, bool quoted) {
    if (c.kind == CharKind::digit && digits_ < longest_number) {
      number_ = number_ * 31 + static_cast<std::uint32_t>(c.code);
      ++digits_;
      return Certain::no;
    }
    Certain found = Certain::no;
    if (digits_ > 0) found = take_number(c.at, quoted);
    return std::max(found, take_element(element_of(c), c.at, quoted));
  }

  Certain take_letter(char letter, std::uint64_t at, bool quoted) {
    Certain found = Certain::no;
    if (digits_ > 0) [[unlikely]] found = take_number(at, quoted);
    return std::max(found, take_element(static_cast<std::uint8_t>(letter), at, quoted));
  }

  /// Of the loop that was found.
  std::uint64_t period() const { return period_chars_; }          // characters
  std::uint64_t repetitions() const { return (matched_ + unit_.size) / unit_.size; }
  std::uint64_t from() const { return from_; }
  bool counting() const { return varied_ > 0; }

 private:
  static constexpr std::uint32_t kept = 2048;
  static constexpr std::uint32_t kept_at_first = 256;
  static constexpr std::uint32_t places = 512;
  static constexpr std::uint32_t key_size = 8;
  static constexpr std::uint32_t longest_number = 32;   // digits

  static std::uint8_t element_of(const GarbleChar& c) {
    if (c.code < 128) [[likely]] return static_cast<std::uint8_t>(c.code);
    const auto bits = static_cast<std::uint8_t>((c.code * 0x9E3779B1u) >> 27);
    if (c.kind != CharKind::letter) return loop_element::mark | bits;
    return (c.script == Script::han ? loop_element::dense : loop_element::letter) | bits;
  }
  std::uint8_t& element(std::uint32_t position) { return elements_[position & mask_]; }
  std::uint8_t element(std::uint32_t position) const { return elements_[position & mask_]; }
  /// Until `kept` elements are held none is given up, and the few before the first one read as 0.
  bool is_full() const { return count_ + key_size + 2 > mask_ && mask_ + 1 < kept; }
  void grow();

  Certain take_number(std::uint64_t at, bool quoted);
  Certain take_element(std::uint8_t e, std::uint64_t at, bool quoted) {
    bool holds = period_ > 0;
    if (holds) {
      const std::uint8_t before = element(count_ - period_);
      if (before == e) [[likely]] ++matched_;
      else holds = number_again(before, e);
      if (!holds) period_ = 0;
    }
    if (is_full()) [[unlikely]] grow();
    element(count_++) = e;
    key_ = key_ << 8 | loop_element::alike(e);
    const auto place = static_cast<std::size_t>((key_ * 0x9E3779B97F4A7C15ull) >> 55);
    if (!holds) {
      const auto distance = static_cast<std::uint16_t>(count_ - places_[place]);
      if (element(count_ - 1 - distance) == e && element(count_ - 2 - distance) == element(count_ - 2)) [[unlikely]]
        look_back(distance, at);   // looks whether the rest is alike, too
    }
    places_[place] = static_cast<std::uint16_t>(count_);
    return holds && matched_ >= check_at_ ? check(at, quoted) : Certain::no;
  }
  bool number_again(std::uint8_t before, std::uint8_t e);
  void look_back(std::uint32_t distance, std::uint64_t at);
  Certain check(std::uint64_t at, bool quoted);
  Certain judge(std::uint64_t at, bool quoted);

  std::unique_ptr<std::uint8_t[]> elements_ = std::make_unique<std::uint8_t[]>(kept_at_first);
  std::uint32_t mask_ = kept_at_first - 1;      // their number less one: a power of two less one
  std::array<std::uint16_t, places> places_{};  // by hash of eight elements: where they ended last
  std::uint64_t key_ = 0;             // the last eight elements
  std::uint32_t count_ = 0;           // elements so far; wraps
  std::uint32_t period_ = 0;          // elements, 0 = no candidate
  std::uint64_t matched_ = 0;         // elements that repeat the one a period before
  std::uint64_t check_at_ = 0;        // matched_ at which to look again
  std::uint64_t varied_ = 0;          // numbers that changed
  std::uint64_t locked_at_ = 0;       // character at which the candidate was found
  std::uint64_t locked_matched_ = 0;
  std::uint64_t period_chars_ = 0;    // 0 = not measured yet
  std::uint64_t from_ = 0;
  LoopUnit unit_;
  std::uint32_t number_ = 0;          // of the digits being read
  std::uint8_t digits_ = 0;
};

}  // namespace siltgate::stream
