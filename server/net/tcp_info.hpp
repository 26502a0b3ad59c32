// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of a TCP connection, and whether a silent peer is alive or its path is dead. Keep-alive probes make
// the difference visible: a living peer's kernel answers them while the peer says nothing. Knows no messages.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "net/asio.hpp"

namespace siltgate::net {

struct TcpInfo {
  std::optional<Duration> last_ack;   // since a segment of the peer's kernel came; unset where the system does not tell
  std::optional<Duration> last_data;  // since data came; the same
  Duration round_trip{0};             // smoothed
  int unacknowledged = 0;             // segments (macOS: bytes) sent and not acknowledged
  bool unsent = false;                // bytes wait that could not leave: no route, an interface that is down, a peer that takes no more
  int retransmits = 0;                // of the oldest of these (macOS: since the connection began)
  int unanswered_probes = 0;
};

/// The first probe goes out after so long a silence, then one after each further `probe_every`.
inline constexpr std::chrono::seconds probe_after{2};
inline constexpr std::chrono::seconds probe_every{2};

/// So long a machine may take to acknowledge anything of what was sent to it.
inline constexpr std::chrono::seconds acknowledged_within{10};

/// Starts keep-alive probes on a connected TCP socket.
void start_probes(int socket);
/// So long a client's machine may acknowledge nothing of its answer before it counts as gone: with the look that finds it, within two minutes.
inline constexpr std::chrono::seconds client_acknowledges_within{100};

/// The sockets that `listener` accepts inherit probes that notice within two minutes that a client's machine is gone without a
/// word: a guest that was switched off would keep its place in the queue, and its permit.
void probe_clients(int listener);
/// After so long without a sign of life the system itself breaks a connection that is being probed.
Duration probes_give_up_after();

/// Empty when the system does not say.
std::optional<TcpInfo> tcp_info(int socket);

/// How much longer to wait for the peer's kernel to acknowledge what was sent, `bound` in all since it was last heard of: zero when that
/// is over. Empty: all was acknowledged, or the system does not tell (macOS, which gives up by itself: start_probes()).
std::optional<Duration> patience_with(const TcpInfo& info, Duration bound);

enum class Path { unknown, alive, dead };

/// The system's own word that nothing came back any more.
bool says_dead(ErrorCode said);

/// `silence`: since the last data, by our own clock. The first that applies:
/// 1. Nothing of the peer's kernel for two probes and a second, though something waits for its answer: dead.
/// 2. Something came after the data had stopped, within the last probe and its round trip: alive.
/// 3. The connection has outlived the probes: they were answered.
/// 4. Too early to tell.
Path path_of(const TcpInfo& info, Duration silence);

}  // namespace siltgate::net
