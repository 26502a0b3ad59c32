// SPDX-License-Identifier: Apache-2.0
// Connection::read_each(): a stream's read, and the wait for the next one, as plain calls. Resuming a chain of coroutines for
// each read costs more than the checks of an event, most of it waiting for memory (docs/decisions/0084). Knows no HTTP.
#include <exception>
#include <optional>
#include <utility>

#include "net/connection.hpp"

namespace siltgate::net {
namespace {

/// Does Asio read for one socket and call its handler before it reads for the next? The reactor for epoll does; the others read for
/// all that are ready first, which a buffer that streams share does not bear.
#if defined(BOOST_ASIO_HAS_EPOLL) && !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
constexpr bool reads_one_by_one = true;
#else
constexpr bool reads_one_by_one = false;
#endif

enum class Next { read, wait, end };

/// What happens between two waits. Lives in the frame of read_each().
struct Reading {
  Connection& connection;   // gone, perhaps, once `enough`
  std::span<char> into;
  Watch& watch;
  ReadSink& sink;
  Io last{Io::Status::wants_read};
  bool enough = false;
  bool arming = false;           // Asio is being asked to receive
  bool early = false;            // what it received came then, and went into `byte`
  char byte = 0;
  asio::mutable_buffer room{};   // for LentLater
  std::exception_ptr thrown{};   // by the sink, for the coroutine
  std::optional<Watch::Waiting> waiting{};

  bool stopped() const { return watch.raised() != Wake::none; }
  bool may_receive() const { return reads_one_by_one && !connection.tls(); }

  /// `last` is the outcome of a read.
  Next pass_on() {
    if (last.status == Io::Status::closed) enough = sink.closed();
    if (last.status != Io::Status::ok) return last.status == Io::Status::wants_read || last.status == Io::Status::wants_write ? Next::wait : Next::end;
    const bool emptied = last.bytes < into.size() && connection.drained();
    enough = !sink.take(last.bytes);
    if (enough || stopped()) return Next::end;
    if (!emptied) return Next::read;
    last = {Io::Status::wants_read};
    return Next::wait;
  }

  /// True: the socket is empty, and more may come.
  bool read_all(Next next = Next::read) {
    while (next == Next::read) {
      last = connection.try_read(into);
      next = pass_on();
    }
    return next == Next::wait;
  }

  /// A wait has ended. `bytes`: what was received with it; none where it only waited.
  Next end_wait(const ErrorCode& error, std::size_t bytes) {
    if (!error && bytes == 0) return Next::read;
    last = {Io::Status::ok, bytes};
    if (error) last = error == asio::error::eof ? Io{Io::Status::closed} : Io{Io::Status::broken, 0, error};
    return early && !error ? follow_early_byte() : pass_on();
  }

  /// With what else is there. An end behind it is told after it.
  Next follow_early_byte() {
    into[0] = byte;
    const Io rest = connection.try_read(into.subspan(1));
    last.bytes += rest.bytes;
    const Next next = pass_on();
    if (rest.status == Io::Status::ok || next != Next::wait) return next;
    last = rest;
    return pass_on();
  }

  /// True: wait again.
  bool go_on(const ErrorCode& error, std::size_t bytes) {
    waiting.reset();
    if (stopped()) return false;
    try {
      return read_all(end_wait(error, bytes));
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }
};

/// The buffer of a receive, asked for when Asio reads and not before: a stream that waits holds none. To be asked to receive, Asio wants to see
/// that there is room, and reads at once if it takes something to be there; the handler runs later then, when others have used the shared buffer.
struct LentLater {
  using value_type = asio::mutable_buffer;
  using const_iterator = const asio::mutable_buffer*;
  Reading* reading;

  const_iterator begin() const {
    Reading& r = *reading;
    r.early = r.arming;
    r.room = r.arming ? asio::mutable_buffer(&r.byte, 1) : asio::mutable_buffer(r.into.data(), r.into.size());
    return &r.room;
  }
  const_iterator end() const { return &reading->room + 1; }
};

/// The handler of a wait. It moves from wait to wait; the coroutine is resumed when there is no more to wait for.
template <class Done>
struct WaitAgain {
  Reading* reading;
  Done done;

  /// Of the two ways to wait, receiving spares the kernel's search for the socket among all that it watches (docs/decisions/0099).
  void begin() && {
    Reading& r = *reading;
    r.waiting.emplace(r.watch, Connection::cancel_wait, &r.connection);
    const auto way = r.connection.direction(r.last.status);
    if (!r.may_receive()) return r.connection.socket().async_wait(way, std::move(*this));
    r.arming = true;
    r.connection.socket().async_receive(LentLater{&r}, std::move(*this));
    r.arming = false;
  }
  void operator()(const ErrorCode& error, std::size_t bytes = 0) {
    if (reading->go_on(error, bytes)) std::move(*this).begin();
    else std::move(done)();
  }
};

struct BeginWait {
  template <class Done>
  void operator()(Done&& done, Reading* reading) const {
    WaitAgain<std::decay_t<Done>>{reading, std::forward<Done>(done)}.begin();
  }
};

}  // namespace

Task<Result<void>> Connection::read_each(std::span<char> into, Watch& watch, Phase phase, ReadSink& sink, bool wait_first) {
  Reading reading{*this, into, watch, sink};
  if (reading.stopped()) co_return failure_of(watch, phase);
  Reading* const borrowed = &reading;
  const bool empty = wait_first || reading.read_all();
  if (empty) co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(BeginWait{}, asio::use_awaitable, borrowed);
  if (reading.thrown) std::rethrow_exception(reading.thrown);
  if (reading.enough) co_return Result<void>{};
  if (reading.stopped()) co_return failure_of(watch, phase);
  co_return failure_of(reading.last, phase);
}

}  // namespace siltgate::net
