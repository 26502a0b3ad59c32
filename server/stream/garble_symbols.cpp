// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_symbols.hpp"

#include <bit>
#include <utility>

namespace siltgate::stream {
namespace {

// Measured: docs/decisions/0020-garble.md. Shares are of the window.
constexpr int least_kinds = 13;
constexpr int least_unmatched = 3;
constexpr std::uint32_t certain_streak = 4;

/// Number of a mark of ASCII, 0 to 31.
constexpr unsigned number(char c) {
  if (c < ':') return static_cast<unsigned>(c - '!');
  if (c < 'A') return static_cast<unsigned>(c - ':') + 15;
  if (c < 'a') return static_cast<unsigned>(c - '[') + 22;
  return static_cast<unsigned>(c - '{') + 28;
}

constexpr char opener(char closer) { return closer == ')' ? '(' : closer == ']' ? '[' : '{'; }

}  // namespace

void SymbolsSignal::mark(char c) {
  Block& block = blocks_[now_];
  block.marks |= 1u << number(c);
  if (c == '(' || c == '[' || c == '{') {
    open_[depth_++ % open_.size()] = c;
  } else if (c == ')' || c == ']' || c == '}') {
    ++block.closers;
    if (depth_ > 0 && open_[(depth_ - 1) % open_.size()] == opener(c)) {
      --depth_;
      return;
    }
    ++block.unmatched;
    block.which |= static_cast<std::uint8_t>(c == ')' ? 1 : c == ']' ? 2 : 4);
  }
}

Certain SymbolsSignal::close(std::uint64_t at) {
  std::uint64_t sum = 0;   // no byte runs over: the window is smaller than 256
  std::uint32_t marks = 0, closers = 0, unmatched = 0, which = 0;
  blocks_[now_].counts = std::exchange(counts_, 0);
  for (const Block& block : blocks_) {
    sum += block.counts;
    marks |= block.marks;
    closers += block.closers;
    unmatched += block.unmatched;
    which |= block.which;
  }
  now_ = (now_ + 1) % blocks;
  blocks_[now_] = Block{};
  const auto share = [&](CharKind kind) { return (sum >> 8 * static_cast<unsigned>(kind) & 0xFF) * 100; };
  const int kinds = std::popcount(marks);
  const bool soup = (sum >> 56) == window && kinds >= least_kinds && share(CharKind::letter) < window * 35 &&
                    share(CharKind::digit) >= window * 10 && share(CharKind::space) >= window * 10 &&
                    share(CharKind::punctuation) >= window * 30 && static_cast<int>(unmatched) >= least_unmatched &&
                    unmatched * 2 > closers && std::popcount(which) >= 2;
  if (!soup) {
    streak_ = 0;
    return Certain::no;
  }
  if (++streak_ == 1) from_ = at + 1 - window;
  found_kinds_ = kinds;
  found_unmatched_ = static_cast<int>(unmatched);
  return streak_ >= certain_streak ? Certain::yes : Certain::doubtful;
}

}  // namespace siltgate::stream
