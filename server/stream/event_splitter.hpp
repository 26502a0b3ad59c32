// SPDX-License-Identifier: Apache-2.0
// Finds where server-sent events end (WHATWG HTML, 9.2.6), at any cut. Does not read fields or copy bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace siltgate::stream {

/// Lines end with LF, CRLF or CR; a blank line ends an event. A CR ends its line at once: an LF that opens the next
/// read belongs to it and is `between`.
class EventSplitter {
 public:
  enum class Kind {
    event,    // up to and with the blank line: a complete event
    between,  // outside an event: blank lines, whole comment lines, the byte order mark
    open,     // the bytes ran out inside a line or an event
  };
  struct Piece {
    Kind kind;
    std::size_t end;  // position behind the piece
    bool one_line = false;  // of an event: it is one line and the blank one, all in this run; both end with LF
  };

  /// Starts a run of bytes that follows the one before it. `no_cr`: no CR is among them.
  void begin(std::string_view bytes, bool no_cr = false);

  /// The piece that starts where the last one ended. Pieces of kind `open` continue with the next run. Call only
  /// while bytes are left.
  Piece next();

  /// True when a line or an event has begun and is not complete.
  bool inside() const { return in_event_ || line_begun_; }
  bool in_event() const { return in_event_; }

 private:
  bool take_mark();
  std::size_t find_line_end();

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t next_cr_ = 0;      // cached: no CR stands between at_ and here; npos = none in this run
  std::uint8_t mark_ = 0;        // bytes of a byte order mark seen; 4 = past the start of the stream
  bool after_cr_ = false;        // the last byte was a CR that ended a line: an LF belongs to it
  bool line_begun_ = false;      // the open line has at least one byte
  bool comment_ = false;         // the open line starts with a colon
  bool in_event_ = false;        // the open event has at least one line that is not a lone comment
};

}  // namespace siltgate::stream
