// SPDX-License-Identifier: Apache-2.0
// Signal `loop`: the same piece of text again and again, of any period from 2 to 2,000 characters, exactly or with only
// its numbers changing. The last 2,048 elements of the text are kept, one byte each, and for a hash of each eight
// elements the place where they stood last. Eight that stood `period` ago make a candidate; from then on each element is
// only compared with the one `period` before it. How long that must hold depends on what repeats: garble_loop_unit.hpp.
// Knows one text, no others. 1.4 KiB of state for a short text, 3.2 KiB from 2,000 characters on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "stream/garble_chars.hpp"
#include "stream/garble_loop_unit.hpp"

namespace siltgate::stream {

class LoopSignal {
 public:
  static constexpr std::uint32_t longest_period = 2000;

  /// `quoted`: the text is inside a block of code or the arguments of a tool.
  Certain take(const GarbleChar& c, bool quoted);
  /// As take() of one character of ASCII after the other, the first of them at `at`, until one reaches a bound.
  Taken take_ascii(std::string_view text, std::uint64_t at, bool quoted);

  /// How many more characters, up to `most`, cannot reach a bound, whatever they are.
  std::uint32_t calm(std::uint32_t most) const;

  /// Of the loop that was found.
  std::uint64_t period() const { return period_chars_; }          // characters
  std::uint64_t repetitions() const { return (matched_ + unit_.size) / unit_.size; }
  std::uint64_t from() const { return from_; }
  bool counting() const { return varied_ > 0; }

 private:
  static constexpr std::uint32_t kept = 2048;
  static constexpr std::uint32_t kept_at_first = 256;
  static constexpr std::uint32_t key_size = 8;
  static constexpr std::uint32_t longest_number = 32;   // digits

  /// Where eight elements ended last, times 32, and their hash. It has five bits more than it takes to choose the place:
  /// most others that fall on it differ in these and need not be compared. Eight that are further back than 2,048 elements
  /// look nearer; they differ from those that are there.
  using Place = std::uint16_t;
  static constexpr std::uint32_t place_bits = 9, more_bits = 5;
  static bool is_back(Place back) { return (back & ((1u << more_bits) - 1)) == 0; }

  std::uint8_t& element(std::uint32_t position) { return elements_[position & mask_]; }
  std::uint8_t element(std::uint32_t position) const { return elements_[position & mask_]; }
  void grow();
  void make_room();

  Place back_to_same(std::uint64_t key, std::uint32_t count);
  bool add_digit(const GarbleChar& c);
  Certain take_number(std::uint64_t at, bool quoted);
  Certain take_element(std::uint8_t e, std::uint64_t at, bool quoted);
  std::size_t search(std::string_view text, std::uint64_t at);
  Taken hold(std::string_view text, std::uint64_t at, bool quoted);
  bool number_again(std::uint8_t before, std::uint8_t e);
  void look_back(Place back, std::uint64_t at);
  Certain check(std::uint64_t at, bool quoted);
  Certain judge(std::uint64_t at, bool quoted);

  std::unique_ptr<std::uint8_t[]> elements_ = std::make_unique<std::uint8_t[]>(kept_at_first);
  std::uint64_t key_ = 0;             // the last eight elements
  std::uint32_t mask_ = kept_at_first - 1;      // their number less one: a power of two less one
  std::uint32_t count_ = 0;           // elements so far; wraps
  std::uint32_t room_ = 0;            // for how many more in a row there is room without a look
  std::uint32_t period_ = 0;          // elements, 0 = no candidate
  std::uint32_t number_ = 0;          // of the digits being read
  std::uint8_t digits_ = 0;
  std::uint64_t matched_ = 0;         // elements that repeat the one a period before
  std::uint64_t check_at_ = 0;        // matched_ at which to look again
  std::uint64_t varied_ = 0;          // numbers that changed
  std::uint64_t locked_at_ = 0;       // character at which the candidate was found
  std::uint64_t period_chars_ = 0;    // 0 = not measured yet
  std::uint64_t from_ = 0;
  LoopUnit unit_;
  std::array<Place, 1 << place_bits> places_{};
};

}  // namespace siltgate::stream
