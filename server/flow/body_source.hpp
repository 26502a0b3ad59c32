// SPDX-License-Identifier: Apache-2.0
// The body of an upstream response, transfer-decoded, piece by piece as reads deliver it. Owns the lease: a clean end puts
// the connection back, anything else closes it. Knows nothing of what the bytes mean.
#pragma once

#include <optional>
#include <string>

#include "flow/exchange.hpp"
#include "http/body_decoder.hpp"

namespace siltgate::flow {

class BodySource {
 public:
  BodySource(Exchange& x, upstream::Lease lease, const http::ResponseHead& head);

  struct Piece {
    std::string_view bytes;  // valid until the coroutine suspends next (it lies in the shared buffer)
    bool last = false;       // the body ended properly; the lease is gone already
  };
  /// The next bytes, possibly none when `last`. Failure: reset, early close, silence for timeouts.idle, malformed framing.
  Task<Result<Piece>> next();
  /// Everything up to `bound`; more is response_too_large.
  Task<Result<std::string>> all(Bytes bound);
  /// Closes the upstream connection now.
  void close() { lease_.reset(); }

 private:
  Result<Piece> decode(std::span<char> bytes);
  void note_read(TimePoint now);
  void finish(bool nothing_left);
  Failure broken(Failure failure) const;

  Exchange& x_;
  std::optional<upstream::Lease> lease_;
  http::BodyDecoder decoder_;
  std::string early_;           // arrived together with the head
  bool reusable_;               // keep-alive as far as the head says
  bool wait_first_ = false;     // the last read was short: the socket is likely empty
};

}  // namespace siltgate::flow
