// SPDX-License-Identifier: Apache-2.0
// The body of an upstream response, transfer-decoded and without gzip or deflate, piece by piece as reads deliver it. Owns
// the lease: a clean end puts the connection back, anything else closes it. Knows nothing of what the bytes mean.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "flow/exchange.hpp"
#include "http/body_decoder.hpp"
#include "http/content_decoder.hpp"

namespace siltgate::flow {

/// Will a BodySource take this coding off? Then the client's head must not name it.
bool unpacks(http::ContentCoding coding, const http::ResponseHead& head);

/// The answers held whole fill limits.response_bodies: this one is given up, the others go on.
Failure no_room_for_answer(const Exchange& x);

class BodySource final : private net::ReadSink {
 public:
  BodySource(Exchange& x, upstream::Lease lease, const http::ResponseHead& head);

  struct Piece {
    std::string_view bytes;  // they lie in the shared buffer: valid until take() returns
    bool last = false;       // the body ended properly; the lease is gone already
  };
  class Sink {
   public:
    /// False: no more for now. Not asked for more behind the last piece.
    virtual bool take(Piece piece) = 0;

   protected:
    ~Sink() = default;
  };

  /// Hands over pieces until the sink wants no more or has the last; a later call goes on. A piece has bytes or is the last.
  /// Failure: reset, early close, silence for timeouts.idle, malformed framing.
  Task<Result<void>> each(Sink& sink);
  /// Everything up to `bound`, counted in x.held_answer; more is response_too_large.
  Task<Result<std::string>> all(Bytes bound);
  /// After the last piece: compressed data stopped before its own end, though the transport ended properly.
  std::optional<Failure> cut_short() const;
  /// Closes the upstream connection now.
  void close();

 private:
  bool take(std::size_t bytes) override;
  bool closed() override;
  bool pass_held();
  Result<Piece> decode(std::span<char> bytes);
  Result<Piece> unpack(std::string_view packed);
  bool pass(const Result<Piece>& piece);
  void note_read(TimePoint now);
  void finish(bool nothing_left);
  Failure broken(Failure failure);

  // What every read touches comes first.
  Exchange& x_;
  Sink* sink_ = nullptr;        // of the each() under way
  bool wait_first_ = false;     // the last read was short: the socket is likely empty
  bool reusable_;               // keep-alive as far as the head says
  std::unique_ptr<http::ContentDecoder> packed_;  // set where a content-coding is taken off
  http::BodyDecoder decoder_;
  std::string early_;           // arrived together with the head
  std::optional<upstream::Lease> lease_;
  std::optional<Failure> failure_;   // what each() will say
};

}  // namespace siltgate::flow
