// SPDX-License-Identifier: Apache-2.0
// Where the text shows something instead of saying it: blocks between ``` and spans between backticks. Knows one text.
#pragma once

#include <cstdint>

#include "stream/garble_chars.hpp"

namespace siltgate::stream {

class Quoting {
 public:
  void take(const GarbleChar& c) {
    if (c.code == U'`') {
      ++ticks_;
      return;
    }
    c.kind == CharKind::newline ? take_newline() : take_other();
  }
  /// As take() of a character that is neither backtick nor newline.
  void take_other() {
    if (ticks_ > 0) end_ticks();
  }
  void take_newline() {
    take_other();
    span_ = false;
  }
  bool block() const { return fence_ > 0; }
  bool any() const { return fence_ > 0 || span_; }

 private:
  /// Three or more open a block that as many close; fewer open or close a span within the line.
  void end_ticks() {
    if (fence_ > 0) fence_ = ticks_ >= fence_ ? 0 : fence_;
    else if (ticks_ >= 3) fence_ = ticks_;
    else span_ = !span_;
    ticks_ = 0;
  }
  std::uint32_t ticks_ = 0;   // backticks in a row
  std::uint32_t fence_ = 0;   // backticks that opened the block, 0 = none is open
  bool span_ = false;
};

}  // namespace siltgate::stream
