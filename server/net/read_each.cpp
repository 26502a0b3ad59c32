// SPDX-License-Identifier: Apache-2.0
// Connection::read_each(): a stream's read, and the wait for the next one, as plain calls. Resuming a chain of coroutines for
// each read costs more than the checks of an event, most of it waiting for memory (docs/decisions/0084). Knows no HTTP.
#include <exception>
#include <optional>

#include "net/connection.hpp"

namespace siltgate::net {
namespace {

/// What happens between two waits. Lives in the frame of read_each().
struct Reading {
  Connection& connection;   // gone, perhaps, once `enough`
  std::span<char> into;
  Watch& watch;
  ReadSink& sink;
  Io last{Io::Status::wants_read};
  bool enough = false;
  std::exception_ptr thrown{};   // by the sink, for the coroutine
  std::optional<Watch::Waiting> waiting{};

  bool stopped() const { return watch.raised() != Wake::none; }

  /// True: the socket is empty, and more may come.
  bool read_all() {
    for (;;) {
      last = connection.try_read(into);
      if (last.status == Io::Status::closed) enough = sink.closed();
      if (last.status != Io::Status::ok) return last.status == Io::Status::wants_read || last.status == Io::Status::wants_write;
      const bool emptied = last.bytes < into.size() && connection.drained();
      enough = !sink.take(last.bytes);
      if (enough || stopped()) return false;
      if (!emptied) continue;
      last = {Io::Status::wants_read};
      return true;
    }
  }

  /// A wait has ended. True: wait again.
  bool go_on(const ErrorCode& error) {
    waiting.reset();
    if (error) last = {Io::Status::broken, 0, error};
    if (error || stopped()) return false;
    try {
      return read_all();
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  }
};

/// The handler of a wait. It moves from wait to wait; the coroutine is resumed when there is no more to wait for.
template <class Done>
struct WaitAgain {
  Reading* reading;
  Done done;

  void begin() && {
    Reading& r = *reading;
    r.waiting.emplace(r.watch, Connection::cancel_wait, &r.connection);
    const auto way = r.connection.direction(r.last.status);
    r.connection.socket().async_wait(way, std::move(*this));
  }
  void operator()(const ErrorCode& error) {
    if (reading->go_on(error)) std::move(*this).begin();
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
