// SPDX-License-Identifier: Apache-2.0
// What the events of a stream have in common. Most of them equal the one before but for a piece of text in one JSON string: then the
// event is read by comparing. One object per response.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "stream/chunk_facts.hpp"

namespace siltgate::stream {

class EventFrame {
 public:
  /// `event` was read and found sound, and `output` is its one piece of text. Later events are compared with it. Nothing is kept of
  /// events in which the text was escaped, and of large ones.
  void keep(std::string_view event, const Output& output);
  void forget() { bytes_.clear(); }

  /// True: all bytes of `event` but those of its text are the kept one's, and its text, in `output`, is one sound string and not
  /// empty. So the same reader would find the same in it. A text that had escapes lies in `decoded`.
  bool fits(std::string_view event, Output& output, std::string& decoded) const;

  bool empty() const { return bytes_.empty(); }

  static constexpr std::size_t most = 512;   // bytes kept

 private:
  std::string bytes_;        // the event without its text
  std::size_t head_ = 0;     // so many of them stand before the text
  Output output_{};          // its text is nothing
};

}  // namespace siltgate::stream
