// SPDX-License-Identifier: Apache-2.0
#include "observe/path_words.hpp"

#include <fmt/format.h>

#include "observe/status_text.hpp"

namespace siltgate::observe {
namespace {

std::string counted(int count, const char* one, const char* many) { return fmt::format("{} {}", count, count == 1 ? one : many); }

std::string retransmits(const TcpSample& tcp) {
  return tcp.retransmits > 0 ? counted(tcp.retransmits, "retransmit", "retransmits") : "no retransmits";
}

}  // namespace

std::string path_words(PathState state, const TcpSample& tcp, bool through_proxy) {
  const std::string far = through_proxy ? "the proxy" : "its machine";
  switch (state) {
    case PathState::alive: return "alive: " + far + " answered " + short_duration(tcp.last_ack) + " ago, " + retransmits(tcp);
    case PathState::dead: {
      const std::string probes = tcp.unanswered_probes > 0 ? counted(tcp.unanswered_probes, "probe", "probes") + " unanswered" : retransmits(tcp);
      return "dead: nothing from " + far + " for " + short_duration(tcp.last_ack) + ", " + probes;
    }
    case PathState::unknown: break;
  }
  return "too early to tell: nothing from " + far + " for " + short_duration(tcp.last_ack) + ", " + retransmits(tcp);
}

}  // namespace siltgate::observe
