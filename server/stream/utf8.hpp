// SPDX-License-Identifier: Apache-2.0
// UTF-8 well-formedness (Unicode 15, table 3-7), whole or cut anywhere. Knows nothing of events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace siltgate::stream {

/// What stands at the start of a byte range. `sound` well-formed bytes, then either the end, or a fault of `fault`
/// bytes (one maximal subpart, to be replaced by one U+FFFD), or `open` bytes (1 to 3) that more bytes may complete.
struct Utf8Span {
  std::size_t sound = 0;
  std::size_t fault = 0;
  std::size_t open = 0;
};

Utf8Span scan_utf8(std::string_view bytes);

/// True when all bytes are ASCII and none is a carriage return: most reads are so.
bool is_plain(std::string_view bytes);

/// True when the whole range is well-formed.
bool is_utf8(std::string_view bytes);

/// Says what is wrong with an ill-formed sequence, in hexadecimal, without any other text of the stream.
std::string describe_utf8_fault(std::string_view sequence);

/// Cuts the reads of one stream into well-formed runs and faults; keeps at most three bytes between reads.
class Utf8Gate {
 public:
  struct Run {
    std::string_view bytes;         // empty = this read is used up
    bool fault = false;
    bool began_earlier = false;     // its first bytes came with an earlier read
    bool touches_read_edge = false; // a read ended inside it or right before it
    std::size_t at = 0;             // position of bytes.data() in this read; 0 when it began earlier
  };

  /// Starts a read. The bytes must stay until the last next().
  void begin(std::string_view bytes);
  Run next();

  /// Bytes kept from earlier reads: a sequence that is not complete.
  std::string_view open() const { return {kept_.data(), kept_size_}; }

 private:
  void keep(std::string_view open);
  Run finish_kept();

  std::array<char, 4> kept_{};    // the open sequence; kept until its end is seen
  std::uint8_t kept_size_ = 0;
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::array<char, 8> joined_{};  // a kept sequence together with its end: what Run::bytes points to
};

}  // namespace siltgate::stream
