// SPDX-License-Identifier: Apache-2.0
// One stream socket, with or without TLS, read and written without Asio's composed operations: try first, wait for
// readiness only when the kernel says so. The only place where an error code becomes a Failure.
// Owns the socket; closing returns its descriptor at once.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "net/asio.hpp"
#include "net/io.hpp"
#include "net/tcp_info.hpp"
#include "net/tls.hpp"
#include "net/watch.hpp"

namespace siltgate::net {

using Socket = asio::generic::stream_protocol::socket;

enum class Side { client, upstream };

/// Takes what Connection::read_each() reads.
class ReadSink {
 public:
  /// So many bytes lie at the front of the buffer. False: no more for now; the connection may be gone then.
  virtual bool take(std::size_t bytes) = 0;
  /// The peer has ended its side in order. True: that is how it was to end.
  virtual bool closed() { return false; }

 protected:
  ~ReadSink() = default;
};

class Connection {
 public:
  /// Sets the socket non-blocking and TCP_NODELAY (where it is TCP); upstream connections are probed.
  Connection(Socket socket, Side side);

  Io try_read(std::span<char> into);
  Io try_write(std::span<const asio::const_buffer> buffers);
  /// After a read that filled less than it might: nothing waits above the socket, so that the next read can wait first.
  bool drained() { return !tls_ || tls_->drained(); }

  /// Waits until a read or write may make progress. Failure: the watch ended the wait, or the socket is gone.
  Task<Result<void>> wait(Io::Status wanted, Watch& watch, Phase phase);
  /// At least one byte. `wait_first`: nothing can have come yet. Failure: orderly close is upstream_closed or client_left; a watch's deadline is
  /// upstream_silent or client_silent.
  Task<Result<std::size_t>> read_some(std::span<char> into, Watch& watch, Phase phase, bool wait_first = false);
  /// read_some() into the same buffer (of 2 bytes or more) again and again until the sink has enough, or closed() is its end. No coroutine is resumed for a read that the
  /// sink takes and wants more behind. Failure as of read_some().
  Task<Result<void>> read_each(std::span<char> into, Watch& watch, Phase phase, ReadSink& sink, bool wait_first);
  /// All bytes. The buffers must stay valid until then. With a `stall` the watch's deadline becomes: no byte was taken for so
  /// long; without, it stays what it is.
  Task<Result<void>> write_all(std::span<const asio::const_buffer> buffers, Watch& watch, Phase phase, Duration stall = {});
  Task<Result<void>> write_all(std::string_view bytes, Watch& watch, Phase phase);

  /// write_all() that collects what the peer says meanwhile in `said`, and stops with a failure when that is an answer already.
  Task<Result<void>> write_unless_answered(std::span<const asio::const_buffer> buffers, Watch& watch, Phase phase,
                                           std::span<char> scratch, std::string& said, bool (*is_answer)(std::string_view));

  /// Client side of a TLS handshake with verification of chain and name. From then on bytes are encrypted.
  Task<Result<void>> start_tls(std::shared_ptr<TlsContext> context, const std::string& host, Watch& watch);
  const TlsSummary* tls() const { return tls_ ? &tls_->summary() : nullptr; }
  /// After the peer closed a TLS connection: did TLS itself say so before? Empty: no TLS, or not closed.
  std::optional<bool> close_notify() const { return tls_ ? tls_->close_notify() : std::nullopt; }
  std::optional<TcpInfo> tcp_info() { return net::tcp_info(socket_.native_handle()); }

  Failure failure_of(const Io& io, Phase phase) const;
  /// Why the watch ended a wait on this connection.
  Failure failure_of(const Watch& watch, Phase phase) const;
  /// The wait under way and every later one fails: the peer's machine did not acknowledge what was sent to it.
  void give_up();
  /// An idle connection that has bytes to read, was closed, or whose path is dead can't be used again.
  bool idle_and_healthy();
  void close();
  /// Closes with a reset, so that the peer can't take what it got for complete.
  void reset();

  Socket& socket() { return socket_; }
  /// What to wait for on the socket, where nothing else waits on it.
  Socket::wait_type direction(Io::Status wanted) {
    const bool room = wanted == Io::Status::wants_write;
    if (room != watches_for_room_) change_direction(room);
    return room ? Socket::wait_write : Socket::wait_read;
  }
  /// For a Watch::Waiting: ends the wait for this Connection*.
  static void cancel_wait(void* connection);
  bool peer_is_loopback() const { return peer_is_loopback_; }
  const std::string& peer() const { return peer_; }   // "127.0.0.1:4711", "[::1]:80", "unix", "unknown"

 private:
  void change_direction(bool room);
  Task<Result<void>> wait_for_either(Watch& watch, Phase phase);

  std::unique_ptr<TlsStream> tls_;   // beside the descriptor: every read and write asks for both. It sends nothing at its end
  Side side_;
  bool given_up_ = false;
  bool watches_for_room_ = false;   // as of the last wait: watch_bytes_only()
  Socket socket_;
  bool peer_is_loopback_ = false;
  std::string peer_;
};

/// Registers a socket anew, for reading alone. Asio never ends a watch for room to write (it needs one to connect), and from then on each wait for bytes is first
/// answered that there is room: a turn of the event loop for nothing, with each event of a stream. Nothing may wait on the socket. It is closed if the system refuses.
void watch_bytes_only(Socket& socket);

/// The permit is no longer this exchange's: another instance may hold it already.
Failure lease_lost(Phase phase);

/// "127.0.0.1:4711", "[::1]:80"; "unix" for anything that is not an IP endpoint.
std::string to_text(const asio::generic::stream_protocol::endpoint& endpoint);
/// The address alone.
std::string address_text(const asio::generic::stream_protocol::endpoint& endpoint);

}  // namespace siltgate::net
