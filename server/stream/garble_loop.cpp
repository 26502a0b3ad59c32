// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_loop.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace siltgate::stream {

void LoopSignal::grow() {
  const std::uint32_t mask = mask_ * 2 + 1;
  auto larger = std::make_unique<std::uint8_t[]>(mask + 1);
  std::copy_n(elements_.get(), count_, larger.get());
  elements_ = std::move(larger);
  mask_ = mask;
}

Certain LoopSignal::take_number(std::uint64_t at, bool quoted) {
  const auto e = static_cast<std::uint8_t>(loop_element::number | (number_ * 0x9E3779B1u) >> 27);
  number_ = 0;
  digits_ = 0;
  return take_element(e, at - 1, quoted);
}

bool LoopSignal::number_again(std::uint8_t before, std::uint8_t e) {
  if (!loop_element::is_number(before) || !loop_element::is_number(e)) return false;
  ++matched_;
  ++varied_;
  return true;
}

/// A candidate: counts how far the text up to here repeats what stood `distance` before, back to where it began.
void LoopSignal::look_back(std::uint32_t distance, std::uint64_t at) {
  if (distance < 2 || distance > longest_period || distance >= count_) return;
  const std::uint32_t most = std::min(kept, count_) - distance;
  std::uint32_t same = 0;
  varied_ = 0;
  while (same < most) {
    const std::uint8_t e = element(count_ - 1 - same);
    const std::uint8_t before = element(count_ - 1 - same - distance);
    if (loop_element::alike(e) != loop_element::alike(before)) break;
    varied_ += e != before;
    ++same;
  }
  if (same < key_size) return;
  period_ = distance;
  matched_ = locked_matched_ = same;
  locked_at_ = at;
  period_chars_ = 0;
  check_at_ = same + period_;   // by then a whole period has gone by and its characters are counted
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
