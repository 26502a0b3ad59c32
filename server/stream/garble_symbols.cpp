// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_symbols.hpp"

#include <bit>
#include <string_view>
#include <utility>

namespace siltgate::stream {
namespace {

// Measured: docs/decisions/0020-garble.md. Shares are of the window.
constexpr int least_kinds = 13;
constexpr int least_unmatched = 3;
constexpr std::uint32_t certain_streak = 4;

constexpr char opener(char closer) { return closer == ')' ? '(' : closer == ']' ? '[' : '{'; }

}  // namespace

void SymbolsSignal::take_mark(char c) {
  last_.marks |= 1u << AsciiRow::mark_number(static_cast<unsigned char>(c));
  if (std::string_view("()[]{}").find(c) != std::string_view::npos) take_bracket(c);
}

void SymbolsSignal::take_brackets(const AsciiRow& row) {
  for (std::uint32_t rest = row.brackets(); rest != 0; rest &= rest - 1)
    take_bracket(row[static_cast<std::uint32_t>(std::countr_zero(rest))]);
}

void SymbolsSignal::take_bracket(char c) {
  if (c == '(' || c == '[' || c == '{') {
    open_[depth_++ % open_.size()] = c;
    return;
  }
  ++last_.closers;
  if (depth_ > 0 && open_[(depth_ - 1) % open_.size()] == opener(c)) {
    --depth_;
    return;
  }
  ++last_.unmatched;
  last_.which |= static_cast<std::uint8_t>(c == ')' ? 1 : c == ']' ? 2 : 4);
}

/// The open block is judged with the three before it, the next one with the open one and two.
std::uint32_t SymbolsSignal::calm() const {
  const auto before = [&](std::uint32_t i) { return blocks_[(now_ + blocks - i) % blocks].counts; };
  const std::uint64_t two = last_.counts + before(1) + before(2);
  const auto may_be_soup = [&](std::uint64_t sum, std::uint32_t oldest) { return before(oldest) != 0 && letters(sum) < fewer_letters; };
  if (may_be_soup(two + before(3), 3)) return room() - 1;
  return may_be_soup(two, 2) ? room() + block_size - 1 : room() + 2 * block_size - 1;
}

Certain SymbolsSignal::close(std::uint64_t at) {
  blocks_[now_] = std::exchange(last_, {});
  now_ = static_cast<std::uint8_t>((now_ + 1) % blocks);
  std::uint64_t sum = 0;   // no byte runs over: the window is smaller than 256
  for (const Block& block : blocks_) sum += block.counts;
  const auto share = [&](CharKind kind) { return (sum >> 8 * static_cast<unsigned>(kind) & 0xFF) * 100; };
  if (letters(sum) >= fewer_letters) [[likely]] {
    streak_ = 0;
    return Certain::no;
  }
  std::uint32_t all_marks = 0, closers = 0, unmatched = 0, which = 0;
  for (const Block& block : blocks_) {
    all_marks |= block.marks;
    closers += block.closers;
    unmatched += block.unmatched;
    which |= block.which;
  }
  const int kinds = std::popcount(all_marks);
  const bool soup = (sum >> 56) == window && kinds >= least_kinds &&
                    share(CharKind::digit) >= window * 10 && share(CharKind::space) >= window * 10 &&
                    share(CharKind::punctuation) >= window * 30 && static_cast<int>(unmatched) >= least_unmatched &&
                    unmatched * 2 > closers && std::popcount(which) >= 2;
  if (!soup) {
    streak_ = 0;
    return Certain::no;
  }
  if (++streak_ == 1) from_ = at + 1 - window;
  found_kinds_ = static_cast<std::uint8_t>(kinds);
  found_unmatched_ = static_cast<std::uint8_t>(unmatched);
  return streak_ >= certain_streak ? Certain::yes : Certain::doubtful;
}

}  // namespace siltgate::stream
