// SPDX-License-Identifier: Apache-2.0
// Takes transfer-coding off a body as it arrives (RFC 9112, section 7), at any cut, in place. Strict chunk grammar:
// 1*HEXDIG sizes up to 2^63, chunk extensions ignored but bounded, CRLF only; trailers parsed, bounded, dropped.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "http/head.hpp"

namespace siltgate::http {

class BodyDecoder {
 public:
  BodyDecoder() = default;
  explicit BodyDecoder(BodyFraming framing);

  struct Decoded {
    std::string_view payload;   // body bytes, moved together at the front of the given buffer
    std::size_t used = 0;       // bytes consumed; less than given only when the body ended inside the buffer
  };
  /// Failure: malformed chunk grammar (cause bad_request; the caller changes party and cause for a response).
  Result<Decoded> decode(std::span<char> bytes);

  bool done() const;                    // the body is complete
  bool complete_at_close() const;       // a FIN now is a proper end (done, or framed by close)

 private:
  enum class State : std::uint8_t {
    size, size_digits, extension, size_lf, data, data_cr, data_lf, trailer_start, trailer, trailer_lf, end_lf, done
  };
  BodyFraming::Kind kind_ = BodyFraming::Kind::none;
  State state_ = State::done;
  std::uint64_t left_ = 0;              // of the current chunk or of the whole length
  std::uint32_t overhead_ = 0;          // bytes of extensions and trailers seen, bounded
};

}  // namespace siltgate::http
