// SPDX-License-Identifier: Apache-2.0
// Takes transfer-coding off a body as it arrives (RFC 9112, section 7), at any cut, in place. Strict chunk grammar:
// 1*HEXDIG sizes up to 2^63, chunk extensions ignored but bounded, CRLF only; trailers parsed, bounded, dropped.
// Bytes that carry no body (extensions, padded sizes, trailers) may be 16 KiB more than the data pays for.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/head.hpp"

namespace siltgate::http {

class BodyDecoder {
 public:
  BodyDecoder() = default;
  explicit BodyDecoder(BodyFraming framing);

  struct Decoded {
    std::string_view payload;   // body bytes, moved together inside the given buffer
    std::size_t used = 0;       // bytes consumed; less than given only when the body ended inside the buffer
  };
  /// Failure: malformed chunk grammar (cause bad_request; the caller changes party and cause for a response).
  Result<Decoded> decode(std::span<char> bytes);

  /// Where chunks ended in the payload of the last decode().
  const std::vector<std::uint32_t>& chunk_ends() const { return chunk_ends_; }

  bool done() const;                    // the body is complete
  bool complete_at_close() const;       // a FIN now is a proper end (done, or framed by close)

 private:
  enum class State : std::uint8_t {
    size, size_digits, before_extension, extension, size_lf, data, data_cr, data_lf,
    trailer_start, trailer_name, trailer_value, trailer_lf, end_lf, done
  };
  std::size_t take_usual(std::string_view text);
  Result<void> step(char c);            // one byte of chunk framing
  bool take_digit(char c);
  bool take_size_byte(char c);
  bool take_trailer_byte(char c);
  void end_size_line();
  Failure malformed_at(char c) const;

  BodyFraming::Kind kind_ = BodyFraming::Kind::none;
  State state_ = State::done;
  std::uint64_t left_ = 0;              // of the current chunk or of the whole length
  std::uint64_t size_ = 0;              // of the current chunk, to say what its framing may cost
  std::uint64_t at_ = 0;                // framing and data bytes used, for error messages
  std::vector<std::uint32_t> chunk_ends_;
  std::uint32_t overhead_ = 0;          // bytes without data, less what the data paid for; bounded
};

}  // namespace siltgate::http
