// SPDX-License-Identifier: Apache-2.0
// The response as it leaves towards the client: one head, then body bytes in the framing that was announced, and an end
// that is either proper or visibly none. Knows nothing of upstream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flow/client_link.hpp"
#include "http/head.hpp"
#include "observe/recording.hpp"

namespace siltgate::flow {

class Reply {
 public:
  /// `capture` is told what leaves.
  Reply(ClientLink& client, observe::Recording& capture) : client_(client), capture_(capture) {}

  bool head_sent() const { return head_sent_; }
  bool ended() const { return ending_ && !stalled_; }
  http::BodyFraming framing() const { return framing_; }
  std::uint64_t body_bytes() const { return body_bytes_; }

  /// Keeps a head back until the first body bytes, so that both leave in one write. Ignored once a head was sent.
  void begin(std::string head, http::BodyFraming framing);
  /// Hands body bytes to the socket, `first` before `second`, as one chunk where the framing is chunked. The views may point into
  /// a shared buffer: what the socket does not take is copied, and the reply is stalled() until flush(). `last`: the proper end
  /// leaves with them.
  Result<void> put(std::string_view first, std::string_view second = {}, bool last = false);
  /// Bytes wait for the client.
  bool stalled() const { return stalled_; }
  /// Until the client has taken what waits.
  Task<Result<void>> flush();
  /// Both.
  Task<Result<void>> send(std::string_view first, std::string_view second = {}, bool last = false);
  /// The proper end: last chunk, or nothing more than what Content-Length promised. Nothing where it was sent already.
  Task<Result<void>> end();
  /// A complete response in one write.
  Task<Result<void>> whole(std::string head, std::string_view body);

  /// siltgate's own time: from when a piece of the answer was read until its bytes are with the client's socket, or until
  /// siltgate waits for more because they complete nothing yet.
  void piece_read(TimePoint at) { began_ = at; }
  void piece_waits();
  Duration own_time() const { return own_; }

  /// A client that takes no byte for so long has left. Its pace is no business of the provider's timeouts.
  void give_up_after(Duration stall) { stall_ = stall; }

  /// Sends a head and heartbeats while the exchange still waits, without suspending. What the socket does not take stays
  /// for the next write. `bytes` is one whole comment or event.
  void send_heartbeat(std::string_view head, std::string_view bytes, http::BodyFraming framing);

 private:
  Result<void> write(std::string_view a, std::string_view b, std::string_view c, std::string_view d);

  ClientLink& client_;
  observe::Recording& capture_;
  std::string unsent_;   // head kept back, and what the socket did not take
  http::BodyFraming framing_;
  TimePoint began_{};    // when the piece at hand was read; unset = none
  Duration own_{0};
  Duration stall_ = std::chrono::minutes(2);
  std::uint64_t body_bytes_ = 0;
  bool head_sent_ = false;
  bool ending_ = false;    // the proper end is with the socket, or waits in unsent_
  bool stalled_ = false;   // the socket is full; after a failure, for good
};

}  // namespace siltgate::flow
