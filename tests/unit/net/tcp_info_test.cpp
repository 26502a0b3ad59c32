// SPDX-License-Identifier: Apache-2.0
#include "net/tcp_info.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::net;
using namespace std::chrono_literals;

namespace {

TcpInfo info(Duration last_ack, Duration last_data, int probes) {
  TcpInfo out;
  out.last_ack = last_ack;
  out.last_data = last_data;
  out.round_trip = 30ms;
  out.unanswered_probes = probes;
  return out;
}

}  // namespace

TEST_CASE("a silent peer whose kernel answers probes has a living path", "[net]") {
  CHECK(path_of(info(100ms, 60s, 0), 60s) == Path::alive);
  CHECK(path_of(info(2s, 4s, 1), 4s) == Path::alive);
}

TEST_CASE("a path whose probes stay unanswered is dead", "[net]") {
  CHECK(path_of(info(5s, 5s, 2), 5s) == Path::dead);
  CHECK(path_of(info(70s, 71s, 34), 71s) == Path::dead);
}

TEST_CASE("a request that is sent again and again without an acknowledgement shows a dead path", "[net]") {
  TcpInfo sent = info(8s, 8s, 0);
  sent.unacknowledged = 3;
  sent.retransmits = 4;
  CHECK(path_of(sent, 8s) == Path::dead);
}

TEST_CASE("too short a silence says nothing of the path", "[net]") {
  CHECK(path_of(info(0ms, 0ms, 0), 0ms) == Path::unknown);
  CHECK(path_of(info(1s, 1s, 0), 1s) == Path::unknown);
  CHECK(path_of(info(4s, 4s, 1), 4s) == Path::unknown);
}

TEST_CASE("a long silence without anything to answer says nothing", "[net]") {
  CHECK(path_of(info(20s, 20s, 0), 20s) == Path::unknown);  // no probe is under way: none was asked
}

TEST_CASE("where the system tells no times a connection that outlived its probes is alive", "[net]") {
  TcpInfo bare;
  CHECK(path_of(bare, probes_give_up_after() + 2s) == Path::alive);
  CHECK(path_of(bare, 10s) == Path::unknown);
}

TEST_CASE("a far peer gets its round trip to answer", "[net]") {
  TcpInfo far = info(3500ms, 10s, 1);
  far.round_trip = 900ms;
  CHECK(path_of(far, 10s) == Path::alive);
}

TEST_CASE("what was sent has so long to be acknowledged, from the last sign of life on", "[net]") {
  TcpInfo sent = info(4s, 60s, 0);
  CHECK_FALSE(patience_with(sent, 10s));  // all of it was
  sent.unacknowledged = 1;
  sent.last_ack = 12s;   // the peer had nothing to say while it waited for its answer, which has only just gone out
  CHECK(patience_with(sent, 10s) == Duration(10s));
  sent.retransmits = 1;
  sent.last_ack = 4s;
  CHECK(patience_with(sent, 10s) == Duration(6s));
  sent.last_ack = 10s;
  CHECK(patience_with(sent, 10s) == Duration::zero());
  sent.unacknowledged = 0;
  sent.unsent = true;   // its window is full, and it says so when it is asked
  sent.last_ack = 25s;
  CHECK(patience_with(sent, 10s) == Duration(10s));
  sent.unanswered_probes = 2;   // the interface is down: nothing leaves
  CHECK(patience_with(sent, 10s) == Duration::zero());
  sent.last_ack.reset();
  CHECK_FALSE(patience_with(sent, 10s));
}
