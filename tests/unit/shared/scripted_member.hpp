// SPDX-License-Identifier: Apache-2.0
// One instance's side of the shared caps, with answers written by hand: no Redis, no clock.
#pragma once

#include "shared/member.hpp"
#include "support/catch.hpp"

namespace siltgate::shared {

using namespace std::chrono_literals;
using Kind = RespValue::Kind;

inline RespValue number(std::int64_t n) {
  RespValue v;
  v.kind = Kind::number;
  v.number = n;
  return v;
}
inline RespValue text(const std::string& t) {
  RespValue v;
  v.kind = Kind::text;
  v.text = t;
  return v;
}
inline RespValue list(std::vector<RespValue> items) {
  RespValue v;
  v.kind = Kind::list;
  v.items = std::move(items);
  return v;
}

/// The instance "me" with a lease of 10 s; `ms` is the server's clock, a day ahead of ours.
struct Bench {
  explicit Bench(bool refuse = false) : member(config(refuse)) {}
  static MemberConfig config(bool refuse) {
    MemberConfig c;
    c.id = "me";
    c.info = "{}";
    c.salt = "salt";
    c.lease = 10s;
    c.refuse_when_down = refuse;
    return c;
  }
  std::int64_t ms() const { return to_ms(now.time_since_epoch()) + 86'400'000; }
  Effects take() {
    Effects e = member.take();
    for (auto& command : e.commands) command.sent = now;
    return e;
  }
  RespValue ok(std::vector<std::string> grants = {}, std::vector<RespValue> further = {}) const {
    std::vector<RespValue> words;
    for (const auto& g : grants) words.push_back(text(g));
    std::vector<RespValue> items{number(1), number(ms()), number(-1), list(words)};
    items.insert(items.end(), further.begin(), further.end());
    return list(items);
  }
  std::string grant(int number_, int level = 1) const {
    return std::to_string(number_) + "\x1e" + std::to_string(ms()) + "\x1e" + std::to_string(level);
  }
  Effects join() {
    member.connected("run1", now);
    Effects sent = take();
    REQUIRE(sent.commands.size() == 1);
    REQUIRE(sent.commands[0].op == Op::join);
    joined = sent.commands[0].words;
    member.answered(sent.commands[0], ok({}, {text("the salt"), number(3), number(1), number(0), text("e1")}), now);
    return take();
  }
  void propose(Ticket ticket, bool automatic = false) {
    Proposal p;
    p.ticket = ticket;
    p.path.caps = {{"scope", 3, automatic, 0}};
    p.path.quota = "scope";
    member.propose(p, now);
  }
  Effects hold(Ticket ticket, int number_) {
    propose(ticket);
    Effects e = take();
    REQUIRE(e.commands.size() == 1);
    member.answered(e.commands[0], ok({grant(number_)}), now);
    return take();
  }

  Member member;
  TimePoint now{1h};
  std::vector<std::string> joined;
};

}  // namespace siltgate::shared
