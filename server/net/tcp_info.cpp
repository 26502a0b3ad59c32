// SPDX-License-Identifier: Apache-2.0
#include "net/tcp_info.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#if !defined(__APPLE__)
#include <linux/sockios.h>
#endif

#include <boost/system/errc.hpp>

namespace siltgate::net {
namespace {

using std::chrono::seconds;

void set(int socket, int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); }

#if defined(__APPLE__)
constexpr int idle_option = TCP_KEEPALIVE;
constexpr int probe_count = 45;   // the system tells no time of the last answer, so outliving the probes is the evidence
#else
constexpr int idle_option = TCP_KEEPIDLE;
constexpr int probe_count = 127;  // the most: a dead path is for timeouts.idle to end, not for the kernel
#endif

void probe(int socket, seconds after, seconds every, int count) {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, idle_option, static_cast<int>(after.count()));
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(every.count()));
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, count);
}

}  // namespace

void start_probes(int socket) {
  probe(socket, probe_after, probe_every, probe_count);
#if defined(__APPLE__)
  set(socket, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, static_cast<int>(acknowledged_within.count()));
#endif
}

void probe_clients(int listener) {
  probe(listener, seconds(60), seconds(15), 4);
#if defined(__APPLE__)
  set(listener, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, static_cast<int>(client_acknowledges_within.count()));
#endif
}

Duration probes_give_up_after() { return probe_after + probe_count * probe_every; }

#if defined(__APPLE__)
std::optional<TcpInfo> tcp_info(int socket) {
  tcp_connection_info raw{};
  socklen_t size = sizeof raw;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_CONNECTION_INFO, &raw, &size) != 0) return {};
  TcpInfo info;
  info.round_trip = std::chrono::milliseconds(raw.tcpi_srtt);
  info.unacknowledged = static_cast<int>(raw.tcpi_snd_sbbytes);
  info.retransmits = static_cast<int>(raw.tcpi_txretransmitpackets);
  return info;
}
#else
std::optional<TcpInfo> tcp_info(int socket) {
  ::tcp_info raw{};
  socklen_t size = sizeof raw;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &raw, &size) != 0) return {};
  TcpInfo info;
  info.last_ack = std::chrono::milliseconds(raw.tcpi_last_ack_recv);
  info.last_data = std::chrono::milliseconds(raw.tcpi_last_data_recv);
  info.round_trip = std::chrono::microseconds(raw.tcpi_rtt);
  info.unacknowledged = static_cast<int>(raw.tcpi_unacked);
  if (int waits = 0; info.unacknowledged == 0 && ::ioctl(socket, SIOCOUTQ, &waits) == 0) info.unsent = waits > 0;
  info.retransmits = raw.tcpi_retransmits;
  info.unanswered_probes = raw.tcpi_probes;
  return info;
}
#endif

std::optional<Duration> patience_with(const TcpInfo& info, Duration bound) {
  if ((info.unacknowledged == 0 && !info.unsent) || !info.last_ack) return {};
  // A peer that takes no more (a full window) is asked ever more seldom and answers each time: it is there. Where bytes cannot leave at all nobody answers.
  if (info.unacknowledged == 0 && info.unanswered_probes < 2) return bound;
  // Not even sent a second time: it has only just gone out. Who waits for an answer has nothing to acknowledge meanwhile, so the last word may be old.
  if (info.unacknowledged > 0 && info.retransmits == 0) return bound;
  return *info.last_ack < bound ? bound - *info.last_ack : Duration::zero();
}

bool says_dead(ErrorCode said) {
  namespace errc = boost::system::errc;
  return said == errc::timed_out || said == errc::host_unreachable || said == errc::network_unreachable;
}

Path path_of(const TcpInfo& info, Duration silence) {
  constexpr Duration slack = seconds(1);
  const bool waits = info.unanswered_probes > 0 || info.unacknowledged > 0;
  if (info.last_ack && *info.last_ack >= probe_after + probe_every + slack && waits) return Path::dead;  // 1
  const Duration answered = probe_after + slack + info.round_trip;
  if (info.last_ack && silence >= answered && *info.last_ack < answered) return Path::alive;  // 2
  if (silence > probes_give_up_after() + slack && info.unacknowledged == 0) return Path::alive;  // 3
  return Path::unknown;  // 4
}

}  // namespace siltgate::net
