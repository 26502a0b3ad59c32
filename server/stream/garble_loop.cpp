// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_loop.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/byte_words.hpp"

namespace siltgate::stream {
namespace {

/// How many characters of ASCII come before the first digit.
std::size_t before_digit(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint64_t digits = between(first_bytes(text.substr(i)), '0', '9');
    if (digits != 0) return i + bytes_before(digits);
    i += 8;
  }
  return text.size();
}

std::uint8_t element_of(const GarbleChar& c) {
  if (c.code < 128) [[likely]] return static_cast<std::uint8_t>(c.code);
  const auto bits = static_cast<std::uint8_t>((c.code * 0x9E3779B1u) >> 27);
  if (c.kind != CharKind::letter) return loop_element::mark | bits;
  return (c.script == Script::han ? loop_element::dense : loop_element::letter) | bits;
}

}  // namespace

void LoopSignal::grow() {
  const std::uint32_t mask = mask_ * 2 + 1;
  auto larger = std::make_unique<std::uint8_t[]>(mask + 1);
  std::copy_n(elements_.get(), count_, larger.get());
  elements_ = std::move(larger);
  mask_ = mask;
}

/// False when `c` is no digit, or one too many for a number.
inline bool LoopSignal::add_digit(const GarbleChar& c) {
  if (c.kind != CharKind::digit || digits_ == longest_number) return false;
  number_ = number_ * 31 + static_cast<std::uint32_t>(c.code);
  ++digits_;
  return true;
}

Certain LoopSignal::take(const GarbleChar& c, bool quoted) {
  if (add_digit(c)) return Certain::no;
  const Certain found = digits_ > 0 ? take_number(c.at, quoted) : Certain::no;
  return std::max(found, take_element(element_of(c), c.at, quoted));
}

Certain LoopSignal::take_number(std::uint64_t at, bool quoted) {
  const auto e = static_cast<std::uint8_t>(loop_element::number | (number_ * 0x9E3779B1u) >> 27);
  number_ = 0;
  digits_ = 0;
  return take_element(e, at - 1, quoted);
}

/// How many elements ago the last eight, which end at `count`, ended last: 32 times that. What is no multiple of 32 says
/// that they did not. Remembers them.
inline LoopSignal::Place LoopSignal::back_to_same(std::uint64_t key, std::uint32_t count) {
  const auto hash = static_cast<std::uint32_t>((key * 0x9E3779B97F4A7C15ull) >> (64 - place_bits - more_bits));
  Place& place = places_[hash >> more_bits];
  const auto now = static_cast<Place>((count << more_bits) + hash);
  const Place before = std::exchange(place, now);
  return static_cast<Place>(now - before);
}

inline Certain LoopSignal::take_element(std::uint8_t e, std::uint64_t at, bool quoted) {
  bool holds = period_ > 0;
  if (holds) {
    const std::uint8_t before = element(count_ - period_);
    if (before == e) [[likely]] ++matched_;
    else holds = number_again(before, e);
    if (!holds) period_ = 0;
  }
  if (room_ == 0) [[unlikely]] make_room();
  --room_;
  element(count_++) = e;
  key_ = key_ << 8 | loop_element::alike(e);
  const Place back = back_to_same(key_, count_);
  if (!holds && is_back(back)) [[unlikely]] look_back(back, at);
  return holds && matched_ >= check_at_ ? check(at, quoted) : Certain::no;
}

Taken LoopSignal::take_ascii(std::string_view text, std::uint64_t at, bool quoted) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t digit = digits_ > 0 ? i : i + before_digit(text.substr(i));
    Taken taken{0, Certain::no};
    while (i < digit) {
      const std::string_view words = text.substr(i, digit - i);
      if (period_ == 0) taken.count = search(words, at + i);
      else taken = hold(words, at + i, quoted);
      i += taken.count;
      if (taken.found != Certain::no) return {i, taken.found};
    }
    if (i == text.size()) break;
    const GarbleChar c{static_cast<unsigned char>(text[i]), ascii_kind(text[i]), Script::none, at + i};
    ++i;
    if (add_digit(c)) continue;
    if (const Certain found = take(c, quoted); found != Certain::no) return {i, found};
  }
  return {i, Certain::no};
}

/// Until `kept` elements are held none is given up, and the few before the first one read as 0.
void LoopSignal::make_room() {
  const bool full = count_ + key_size + 2 > mask_ && mask_ + 1 < kept;
  if (full) grow();
  room_ = mask_ + 1 - (count_ & mask_);
  if (mask_ + 1 < kept) room_ = std::min(room_, mask_ - key_size - 1 - count_);
}

/// No candidate: takes characters until there is one. As take_element() would.
inline std::size_t LoopSignal::search(std::string_view text, std::uint64_t at) {
  if (room_ == 0) [[unlikely]] make_room();
  const std::size_t most = std::min<std::size_t>(text.size(), room_);
  std::uint8_t* const out = &element(count_);
  const std::uint32_t start = count_;
  std::uint64_t key = key_;
  std::size_t i = 0;
  while (i < most) {
    const auto e = static_cast<std::uint8_t>(text[i]);
    out[i++] = e;
    key = key << 8 | e;
    const Place back = back_to_same(key, start + static_cast<std::uint32_t>(i));
    if (!is_back(back)) [[likely]] continue;
    key_ = key;
    count_ = start + static_cast<std::uint32_t>(i);
    look_back(back, at + i - 1);
    if (period_ > 0) break;
  }
  key_ = key;
  count_ = start + static_cast<std::uint32_t>(i);
  room_ -= static_cast<std::uint32_t>(i);
  return i;
}

/// A candidate: takes characters while it holds. As take_element() would.
Taken LoopSignal::hold(std::string_view text, std::uint64_t at, bool quoted) {
  if (room_ == 0) [[unlikely]] make_room();
  const std::uint64_t until_check = matched_ < check_at_ ? check_at_ - matched_ : 1;
  const std::size_t most = std::min<std::uint64_t>({text.size(), room_, until_check});
  std::uint8_t* const out = &element(count_);
  const std::uint8_t* const elements = elements_.get();
  const std::uint32_t mask = mask_, start = count_, earlier = count_ - period_;
  std::uint64_t key = key_;
  std::size_t i = 0;
  for (; i < most; ++i) {
    const auto e = static_cast<std::uint8_t>(text[i]);
    if (elements[(earlier + i) & mask] != e) {
      period_ = 0;
      break;
    }
    out[i] = e;
    key = key << 8 | e;
    back_to_same(key, start + static_cast<std::uint32_t>(i) + 1);
  }
  key_ = key;
  count_ = start + static_cast<std::uint32_t>(i);
  room_ -= static_cast<std::uint32_t>(i);
  matched_ += i;
  return {i, i == until_check ? check(at + i - 1, quoted) : Certain::no};
}

bool LoopSignal::number_again(std::uint8_t before, std::uint8_t e) {
  if (!loop_element::is_number(before) || !loop_element::is_number(e)) return false;
  ++matched_;
  ++varied_;
  return true;
}

/// Perhaps a candidate: counts how far the text up to here repeats what stood so far before, back to where it began.
void LoopSignal::look_back(Place back, std::uint64_t at) {
  const std::uint32_t distance = back >> more_bits;
  if (distance < 2 || distance > longest_period || distance >= count_) return;
  const std::uint8_t* const elements = elements_.get();
  const std::uint32_t mask = mask_, last = count_ - 1, last_before = last - distance;
  const std::uint32_t most = std::min(kept, count_) - distance, end = count_ & mask, end_before = (count_ - distance) & mask;
  const auto differ = [&](std::uint32_t i) { return elements[(last - i) & mask] != elements[(last_before - i) & mask]; };
  if (most < key_size || differ(0) || differ(1)) return;
  std::uint32_t same = 0;
  if (end >= key_size && end_before >= key_size) {   // all eight at once, as nearly everywhere
    if (std::memcmp(elements + end - key_size, elements + end_before - key_size, key_size) == 0) same = key_size;
    else if (perhaps(key_, loop_element::number) == 0) return;
  }
  varied_ = 0;
  for (; same < most; ++same) {
    if (!differ(same)) continue;
    if (!loop_element::is_number(element(last - same)) || !loop_element::is_number(element(last_before - same))) break;
    ++varied_;
  }
  if (same < key_size) return;
  period_ = distance;
  matched_ = same;
  locked_at_ = at;
  period_chars_ = 0;
  check_at_ = same + period_;   // by then a whole period has gone by and its characters are counted
}

/// A loop says something when the candidate has held until check_at_, and then for 75 elements at least: each bound asks for
/// 200 letters' worth and four rounds, and no element is worth more than two. The candidate is 1. the one there is, or
/// 2. one that comes. That holds until check_at_ for its period first, so only a short period matters, and then the last
/// eight elements repeat already. Where this is not plain to see, nothing is promised: 3. numbers, 4. the edge of the ring.
std::uint32_t LoopSignal::calm(std::uint32_t most) const {
  if (period_ > 0 && check_at_ - matched_ <= most + 1) return 0;   // 1: the number being read is an element more
  if (perhaps(key_, loop_element::number) != 0) return 0;            // 3
  const std::uint32_t end = count_ & mask_;
  if (end < most + 2 * key_size) return 0;                           // 4
  const std::uint8_t* const last = elements_.get() + end - key_size;
  for (std::uint32_t nearest = 2; nearest <= most; nearest += 8) {   // 2: eight periods, where the last element alone recurs
    std::uint64_t recurs = perhaps(bytes_at<std::uint64_t>(last - nearest), static_cast<std::uint8_t>(key_));
    for (; recurs != 0; recurs &= recurs - 1)
      if (std::memcmp(last, last - (nearest + 7 - bytes_before(recurs)), key_size) == 0) return 0;
  }
  return most;
}

Certain LoopSignal::check(std::uint64_t at, bool quoted) {
  if (period_chars_ == 0) {
    period_chars_ = std::max<std::uint64_t>(at - locked_at_, 1);
    std::string elements;
    for (std::uint32_t i = period_; i > 0; --i) elements += static_cast<char>(element(count_ - i));
    unit_ = look_at_unit(elements);
  }
  return judge(at, quoted);
}

/// Looks whether the loop has reached a bound; if not, says when to look again.
Certain LoopSignal::judge(std::uint64_t at, bool quoted) {
  const std::uint64_t stretch = matched_ + period_;
  const auto reached = [&](Certain certain) {
    const LoopBounds bounds = loop_bounds(unit_, varied_ > 0, quoted, certain);
    return stretch * unit_.worth >= bounds.stretch * unit_.size && repetitions() >= bounds.repetitions &&
           bounds.stretch != ~0ull;
  };
  check_at_ = matched_ + std::max<std::uint64_t>(8, stretch / 32);
  const Certain found = reached(Certain::yes) ? Certain::yes : reached(Certain::doubtful) ? Certain::doubtful : Certain::no;
  if (found != Certain::no) {
    const std::uint64_t chars = period_chars_ * stretch / period_;
    from_ = at + 1 - std::min(at + 1, chars);
  }
  return found;
}

}  // namespace siltgate::stream
