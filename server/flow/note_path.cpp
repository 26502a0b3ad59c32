// SPDX-License-Identifier: Apache-2.0
#include "flow/note_path.hpp"

namespace siltgate::flow {
namespace {

observe::PathState state_of(net::Path path) {
  switch (path) {
    case net::Path::alive: return observe::PathState::alive;
    case net::Path::dead: return observe::PathState::dead;
    case net::Path::unknown: break;
  }
  return observe::PathState::unknown;
}

Duration silence_of(const Exchange& x) {
  TimePoint last = std::max(x.record.last_byte_in, x.record.connected);
  return last == TimePoint{} ? Duration{0} : Clock::now() - last;
}

observe::TcpSample sample_of(const net::TcpInfo& info, Duration silence) {
  observe::TcpSample sample;
  sample.last_ack = info.last_ack.value_or(silence);
  sample.last_data = info.last_data.value_or(silence);
  sample.round_trip = info.round_trip;
  sample.unacknowledged = info.unacknowledged;
  sample.retransmits = info.retransmits;
  sample.unanswered_probes = info.unanswered_probes;
  return sample;
}

}  // namespace

void note_path(Exchange& x, net::Connection& upstream, ErrorCode said) {
  x.record.close_notify = upstream.close_notify();
  auto info = upstream.tcp_info();
  if (!info) return;
  const Duration silence = silence_of(x);
  x.record.tcp = sample_of(*info, silence);
  x.record.path = net::says_dead(said) ? observe::PathState::dead : state_of(net::path_of(*info, silence));
}

std::optional<PathNow> path_now(const Exchange& x) {
  const auto upstream = x.upstream.lock();
  if (!upstream) return {};
  const auto info = upstream->tcp_info();
  if (!info) return {};
  const Duration silence = silence_of(x);
  PathNow now{state_of(net::path_of(*info, silence)), sample_of(*info, silence)};
  // Who has been heard of between two probes is there: no silence has begun yet that could mean anything.
  if (now.state == observe::PathState::unknown && now.tcp.last_ack <= net::probe_after) now.state = observe::PathState::alive;
  return now;
}

}  // namespace siltgate::flow
