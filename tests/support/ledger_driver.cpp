// SPDX-License-Identifier: Apache-2.0
#include "support/ledger_driver.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <deque>

#include "shared/ledger.hpp"

namespace siltgate::test {
namespace {

using shared::RespValue;

Wire connect_unix(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("no Redis at " + path);
  return Wire(fd);
}

/// The ledger with its clock replaced by a further key.
std::string text_with_clock(bool virtual_clock) {
  std::string text(shared::ledger_text());
  if (!virtual_clock) return text;
  const std::string from = "local t = call('TIME')\n  return t[1] * 1000 + math.floor(t[2] / 1000)";
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("ledger.lua reads its clock in another way");
  return text.replace(at, from.size(), "return tonumber(KEYS[3])");
}

const char* name_of(shared::Op op) {
  const char* names[] = {"join", "beat", "enter", "leave", "hold", "adapt", "look", "part", "note"};
  return names[static_cast<int>(op)];
}

}  // namespace

LedgerDriver::LedgerDriver(const std::string& socket, std::string prefix, bool virtual_clock)
    : wire_(connect_unix(socket)), prefix_(std::move(prefix)), virtual_clock_(virtual_clock) {
  ask({"HELLO", "3"});
  sha_ = ask({"SCRIPT", "LOAD", text_with_clock(virtual_clock)}).text;
  wire_.write(shared::resp_command({"PSUBSCRIBE", prefix_ + "*"}), soon());
}

void LedgerDriver::seat(const Seat& seat) { seats_[seat.member->config().id] = seat; }

RespValue LedgerDriver::read() {
  for (;;) {
    while (auto value = reader_.next()) {
      if (value->kind != RespValue::Kind::push) return *value;
      if (value->at(0).text == "pmessage") heard_.push_back(*value);
    }
    std::string bytes;
    if (wire_.read(bytes, soon()) != End::open) throw std::runtime_error("Redis left");
    reader_.feed(bytes);
  }
}

RespValue LedgerDriver::ask(const std::vector<std::string>& words) {
  wire_.write(shared::resp_command(words), soon());
  return read();
}

RespValue LedgerDriver::call(const shared::Member& member, const shared::Command& command) {
  std::vector<std::string> words{"EVALSHA", sha_, virtual_clock_ ? "3" : "2", prefix_, prefix_};
  if (virtual_clock_) words.push_back(std::to_string(ms_));
  words.insert(words.end(), {name_of(command.op), member.config().id, std::to_string(to_ms(member.config().lease)), command.epoch,
                             std::to_string(command.joins)});
  words.insert(words.end(), command.words.begin(), command.words.end());
  const auto from = Clock::now();
  RespValue answer = ask(words);
  const Duration took = Clock::now() - from;
  ++calls;
  total += took;
  longest = std::max(longest, took);
  return answer;
}

void LedgerDriver::run(shared::Member& first) {
  std::deque<shared::Member*> line{&first};
  while (!line.empty()) {
    shared::Member& member = *line.front();
    line.pop_front();
    const Seat seat = seats_.at(member.config().id);
    for (;;) {
      shared::Effects effects = member.take();
      auto commands = std::exchange(effects.commands, {});
      seat.effects(effects);
      for (shared::Command& command : commands) {
        command.sent = seat.clock();
        member.answered(command, call(member, command), seat.clock());
      }
      if (commands.empty()) break;
    }
    for (const RespValue& message : std::exchange(heard_, {})) {
      ++messages;
      for (auto& [id, other] : seats_) {
        other.member->heard(message.at(2).text, message.at(3).text, other.clock());
        if (message.at(2).text.ends_with(":" + id) || message.at(2).text.ends_with(":all")) line.push_back(other.member);
      }
    }
  }
}

}  // namespace siltgate::test
