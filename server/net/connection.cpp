// SPDX-License-Identifier: Apache-2.0
#include "net/connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/tls_error.hpp"

namespace siltgate::net {
namespace {

#ifdef MSG_NOSIGNAL
constexpr int no_signal = MSG_NOSIGNAL;
#else
constexpr int no_signal = 0;  // macOS: SIGPIPE is ignored by the program
#endif

/// What the kernel may hold for a client that does not read (Linux doubles it): docs/decisions/0080.
constexpr int client_send_buffer = 32 * 1024;

Io io_error(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {Io::Status::wants_read};
  return {Io::Status::broken, 0, ErrorCode(error, boost::system::system_category())};
}

asio::ip::tcp::endpoint tcp_endpoint(const asio::generic::stream_protocol::endpoint& endpoint) {
  asio::ip::tcp::endpoint tcp;
  tcp.resize(endpoint.size());
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  return tcp;
}

/// What of some buffers has not been written yet.
class Unwritten {
 public:
  explicit Unwritten(std::span<const asio::const_buffer> buffers) {
    for (const auto& b : buffers) left_.at(count_++) = b;
  }
  bool empty() const { return at_ == count_; }
  std::span<const asio::const_buffer> buffers() const { return {left_.data() + at_, count_ - at_}; }
  void wrote(std::size_t bytes) {
    while (at_ < count_ && bytes >= left_[at_].size()) bytes -= left_[at_++].size();
    if (at_ < count_) left_[at_] += bytes;
  }

 private:
  std::array<asio::const_buffer, 8> left_{};
  std::size_t count_ = 0, at_ = 0;
};

Failure unheard(Phase phase) {
  return {phase, Party::network, Cause::upstream_silent, Retry::if_reused, {},
          "nothing that was sent was acknowledged for " + std::to_string(to_ms(acknowledged_within)) + " ms"};
}

bool is_ip(const asio::generic::stream_protocol::endpoint& endpoint) {
  int family = endpoint.protocol().family();
  return endpoint.size() > 0 && (family == AF_INET || family == AF_INET6);
}

}  // namespace

Connection::Connection(Socket socket, Side side) : side_(side), socket_(std::move(socket)) {
  ErrorCode ignored;
  socket_.native_non_blocking(true, ignored);
  if (side == Side::client) socket_.set_option(asio::socket_base::send_buffer_size(client_send_buffer), ignored);
  int one = 1;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (side_ == Side::upstream) start_probes(socket_.native_handle());
  const auto endpoint = socket_.remote_endpoint(ignored);
  peer_is_loopback_ = !ignored && is_ip(endpoint) && tcp_endpoint(endpoint).address().is_loopback();
  peer_ = ignored ? "unknown" : to_text(endpoint);
}

Io Connection::try_read(std::span<char> into) {
  if (tls_) return tls_->read(into);
  for (;;) {
    ssize_t n = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (n > 0) return {Io::Status::ok, static_cast<std::size_t>(n)};
    if (n == 0) return {Io::Status::closed};
    if (errno != EINTR) return io_error(errno);
  }
}

Io Connection::try_write(std::span<const asio::const_buffer> buffers) {
  if (tls_) {
    for (const auto& b : buffers)
      if (b.size() > 0) return tls_->write({static_cast<const char*>(b.data()), b.size()});
    return {};
  }
  std::array<iovec, 8> parts;
  msghdr message{};
  message.msg_iov = parts.data();
  for (const auto& b : buffers) {
    if (b.size() == 0) continue;
    parts[message.msg_iovlen++] = {const_cast<void*>(b.data()), b.size()};
    if (static_cast<std::size_t>(message.msg_iovlen) == parts.size()) break;
  }
  for (;;) {
    ssize_t n = ::sendmsg(socket_.native_handle(), &message, no_signal);
    if (n >= 0) return {Io::Status::ok, static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    Io io = io_error(errno);
    if (io.status == Io::Status::wants_read) io.status = Io::Status::wants_write;
    return io;
  }
}

void Connection::change_direction(bool room) {
  if (!room && side_ == Side::upstream) watch_bytes_only(socket_);
  watches_for_room_ = room;
}

Task<Result<void>> Connection::wait(Io::Status wanted, Watch& watch, Phase phase) {
  if (watch.raised() != Wake::none) co_return failure_of(watch, phase);
  if (given_up_) co_return unheard(phase);
  const auto way = direction(wanted);
  ErrorCode error;
  {
    Watch::Waiting waiting(watch, cancel_wait, this);
    co_await socket_.async_wait(way, asio::redirect_error(asio::use_awaitable, error));
  }
  if (watch.raised() != Wake::none) co_return failure_of(watch, phase);
  if (given_up_) co_return unheard(phase);
  if (error) co_return failure_of({Io::Status::broken, 0, error}, phase);
  co_return Result<void>{};
}

Task<Result<std::size_t>> Connection::read_some(std::span<char> into, Watch& watch, Phase phase, bool wait_first) {
  for (;;) {
    Io io{Io::Status::wants_read};
    if (!std::exchange(wait_first, false)) io = try_read(into);
    if (io.status == Io::Status::ok) co_return io.bytes;
    if (io.status == Io::Status::closed || io.status == Io::Status::broken) co_return failure_of(io, phase);
    auto ready = co_await wait(io.status, watch, phase);
    if (!ready) co_return ready.error();
  }
}

Task<Result<void>> Connection::write_all(std::span<const asio::const_buffer> buffers, Watch& watch, Phase phase, Duration stall) {
  Unwritten left(buffers);
  while (!left.empty()) {
    Io io = try_write(left.buffers());
    if (io.status == Io::Status::broken || io.status == Io::Status::closed) co_return failure_of(io, phase);
    if (io.status != Io::Status::ok) {
      if (stall > Duration::zero()) watch.set_deadline_in(stall);
      auto ready = co_await wait(io.status, watch, phase);
      if (!ready) co_return ready.error();
      continue;
    }
    left.wrote(io.bytes);
  }
  co_return Result<void>{};
}

Task<Result<void>> Connection::write_unless_answered(std::span<const asio::const_buffer> buffers, Watch& watch, Phase phase,
                                                     std::span<char> scratch, std::string& said, bool (*is_answer)(std::string_view)) {
  Unwritten left(buffers);
  while (!left.empty()) {
    Io io = try_write(left.buffers());
    if (io.status == Io::Status::ok) {
      left.wrote(io.bytes);
      continue;
    }
    if (io.status == Io::Status::broken || io.status == Io::Status::closed) co_return failure_of(io, phase);
    auto ready = co_await wait_for_either(watch, phase);
    if (!ready) co_return ready.error();
    Io read = try_read(scratch);   // over TLS what has come may be none of the answer, but a ticket
    if (read.status == Io::Status::broken || read.status == Io::Status::closed) co_return failure_of(read, phase);
    if (read.status != Io::Status::ok) continue;
    said.append(scratch.data(), read.bytes);
    if (!is_answer(said)) continue;
    co_return Failure{phase, Party::provider, Cause::upstream_malformed, Retry::safe, {}, "upstream answered before it had the whole request"};
  }
  co_return Result<void>{};
}

Task<Result<void>> Connection::wait_for_either(Watch& watch, Phase phase) {
  if (watch.raised() != Wake::none) co_return failure_of(watch, phase);
  if (given_up_) co_return unheard(phase);
  auto told = std::make_shared<Signal>(socket_.get_executor());   // outlives the wait that is given up
  if (!watches_for_room_) change_direction(true);
  for (auto way : {Socket::wait_read, Socket::wait_write}) socket_.async_wait(way, [told](const ErrorCode&) { told->notify(); });
  bool ready = co_await told->wait(watch);
  ErrorCode ignored;
  socket_.cancel(ignored);
  if (!ready) co_return failure_of(watch, phase);
  if (given_up_) co_return unheard(phase);
  co_return Result<void>{};
}

Task<Result<void>> Connection::write_all(std::string_view bytes, Watch& watch, Phase phase) {
  std::array<asio::const_buffer, 1> one{asio::const_buffer(bytes.data(), bytes.size())};
  auto written = co_await write_all(one, watch, phase);
  co_return written;
}

Task<Result<void>> Connection::start_tls(std::shared_ptr<TlsContext> context, const std::string& host, Watch& watch) {
  tls_ = std::make_unique<TlsStream>(std::move(context), socket_.native_handle(), host);
  for (;;) {
    Io io = tls_->handshake();
    if (io.status == Io::Status::ok) co_return Result<void>{};
    if (io.status == Io::Status::closed || io.status == Io::Status::broken) {
      Failure failure{Phase::connect, Party::network, Cause::tls_failed, Retry::never, {}, tls_->why()};
      if (tls_->may_pass()) failure.retry = Retry::safe;
      if (failure.detail.empty()) {  // the transport broke, not the verification
        failure.retry = Retry::safe;
        failure.system = io.error;
        failure.detail = "the connection broke during the TLS handshake";
      }
      co_return failure;
    }
    auto ready = co_await wait(io.status, watch, Phase::connect);
    if (!ready) co_return ready.error();
  }
}

Failure Connection::failure_of(const Io& io, Phase phase) const {
  bool closed = io.status == Io::Status::closed;
  if (side_ == Side::client)
    return {phase, Party::client, Cause::client_left, Retry::never, io.error,
            closed ? "the client closed its connection" : "the client's connection broke: " + io.error.message()};
  if (closed)
    return {phase, Party::network, Cause::upstream_closed, Retry::if_reused, {}, "upstream closed the connection"};
  if (io.error == asio::error::eof)
    return {phase, Party::network, Cause::upstream_closed, Retry::if_reused, {},
            "upstream closed the connection without the end that TLS prescribes (close_notify)"};
  if (is_tls(io.error)) return {phase, Party::network, Cause::upstream_reset, Retry::if_reused, io.error, break_words(io.error)};
  return {phase, Party::network, Cause::upstream_reset, Retry::if_reused, io.error,
          "the upstream connection broke: " + io.error.message()};
}

Failure Connection::failure_of(const Watch& watch, Phase phase) const {
  switch (watch.raised()) {
    case Wake::client_left:
      return {phase, Party::client, Cause::client_left, Retry::never, {}, "the client closed its connection"};
    case Wake::stopped:
      return {phase, Party::siltgate, Cause::draining, Retry::never, {}, "siltgate is shutting down"};
    case Wake::lease_lost:
      return lease_lost(phase);
    case Wake::cancelled:
      return {phase, Party::siltgate, Cause::cancelled, Retry::never, {}, "the operator cancelled it"};
    default:
      break;
  }
  if (side_ == Side::client)
    return {phase, Party::client, Cause::client_silent, Retry::never, {}, "the client did not send or read in time"};
  return {phase, Party::provider, Cause::upstream_silent, Retry::never, {}, "upstream sent nothing in time"};
}

void watch_bytes_only(Socket& socket) {
  ErrorCode error;
  const auto protocol = socket.local_endpoint(error).protocol();
  if (error) return;
  const int descriptor = socket.release(error);
  if (error) return;
  socket.assign(protocol, descriptor, error);
  if (error) ::close(descriptor);
  else socket.native_non_blocking(true, error);
}

Failure lease_lost(Phase phase) {
  return {phase, Party::siltgate, Cause::lease_lost, Retry::safe, {},
          "the permit shared through Redis ran out before it could be renewed, and another instance may use it now"};
}

void Connection::give_up() {
  given_up_ = true;
  cancel_wait(this);
}

bool Connection::idle_and_healthy() {
  if (!socket_.is_open()) return false;
  if (const auto info = tcp_info(); info && path_of(*info, Duration::zero()) == Path::dead) return false;
  char byte;
  if (tls_) return tls_->read({&byte, 1}).status == Io::Status::wants_read;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Connection::cancel_wait(void* connection) {
  ErrorCode ignored;
  static_cast<Connection*>(connection)->socket_.cancel(ignored);
}

void Connection::close() {
  tls_.reset();
  ErrorCode ignored;
  socket_.close(ignored);
}

void Connection::reset() {
  linger now{1, 0};
  if (socket_.is_open()) ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

std::string to_text(const asio::generic::stream_protocol::endpoint& endpoint) {
  if (!is_ip(endpoint)) return "unix";
  auto tcp = tcp_endpoint(endpoint);
  std::string address = tcp.address().to_string();
  if (tcp.address().is_v6()) address = "[" + address + "]";
  return address + ":" + std::to_string(tcp.port());
}

std::string address_text(const asio::generic::stream_protocol::endpoint& endpoint) {
  return is_ip(endpoint) ? tcp_endpoint(endpoint).address().to_string() : "unix";
}

}  // namespace siltgate::net
