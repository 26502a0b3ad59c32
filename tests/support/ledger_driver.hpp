// SPDX-License-Identifier: Apache-2.0
// Members of a group over a real Redis, without sockets of their own and on a clock of the test's: every call is made at once and
// its answer, and the messages it caused, are delivered before run() returns. With `virtual_clock` the ledger's time is the test's too.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "shared/member.hpp"
#include "support/wire.hpp"

namespace siltgate::test {

class LedgerDriver {
 public:
  LedgerDriver(const std::string& socket, std::string prefix, bool virtual_clock);

  /// What a member decided is handed to `effects`, commands removed. `clock` is the member's own.
  struct Seat {
    shared::Member* member = nullptr;
    std::function<TimePoint()> clock;
    std::function<void(const shared::Effects&)> effects;
  };
  void seat(const Seat& seat);
  void leave(const std::string& id) { seats_.erase(id); }

  /// Carries out what every member wants until none wants anything.
  void run(shared::Member& member);
  /// One command of a member, whenever it was meant; the answer goes to nobody.
  shared::RespValue call(const shared::Member& member, const shared::Command& command);
  /// One command, for looking.
  shared::RespValue ask(const std::vector<std::string>& words);
  /// The ledger's clock from now on (virtual_clock).
  void set_time(std::int64_t ms) { ms_ = ms; }

  std::uint64_t calls = 0, messages = 0;
  Duration longest{}, total{};   // time Redis and the way to it took, per call and in all

 private:
  shared::RespValue read();

  Wire wire_;
  shared::RespReader reader_;
  std::string prefix_, sha_;
  bool virtual_clock_;
  std::int64_t ms_ = 0;
  std::map<std::string, Seat> seats_;
  std::vector<shared::RespValue> heard_;
};

}  // namespace siltgate::test
