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
  bool ended() const { return ended_; }
  http::BodyFraming framing() const { return framing_; }
  std::uint64_t body_bytes() const { return body_bytes_; }

  /// Keeps a head back until the first body bytes, so that both leave in one write. Ignored once a head was sent.
  void begin(std::string head, http::BodyFraming framing);
  /// Sends body bytes, `first` before `second`, as one chunk where the framing is chunked. The views may point into a shared
  /// buffer: what can't be written at once is copied before the coroutine suspends. `last`: the proper end leaves with them.
  Task<Result<void>> send(std::string_view first, std::string_view second = {}, bool last = false);
  /// The proper end: last chunk, or nothing more than what Content-Length promised. Nothing where it was sent already.
  Task<Result<void>> end();
  /// A complete response in one write.
  Task<Result<void>> whole(std::string head, std::string_view body);

  /// A client that takes no byte for so long has left. Its pace is no business of the provider's timeouts.
  void give_up_after(Duration stall) { stall_ = stall; }

  /// Sends a head and heartbeats while the exchange still waits, without suspending. What the socket does not take stays
  /// for the next write. `bytes` is one whole comment or event.
  void send_heartbeat(std::string_view head, std::string_view bytes, http::BodyFraming framing);

 private:
  Task<Result<void>> write(std::string_view a, std::string_view b, std::string_view c, std::string_view d);

  ClientLink& client_;
  observe::Recording& capture_;
  std::string unsent_;   // head kept back, and what the socket did not take
  http::BodyFraming framing_;
  Duration stall_ = std::chrono::minutes(2);
  std::uint64_t body_bytes_ = 0;
  bool head_sent_ = false;
  bool ended_ = false;
};

}  // namespace siltgate::flow
