// SPDX-License-Identifier: Apache-2.0
// What is known of one exchange: filled by flow/ while it runs, judged by verdict.hpp when it ends. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/dialect.hpp"
#include "base/finding.hpp"
#include "base/result.hpp"
#include "observe/chunk_times.hpp"

namespace siltgate::observe {

/// One try upstream. An exchange has one or more once admitted.
struct Attempt {
  TimePoint admitted{}, connected{}, first_byte{}, ended{};
  bool reused = false;                 // on a kept-alive upstream connection
  int status = 0;                      // upstream status, 0 = none arrived
  std::string refusal;                 // class of a refusal: concurrency, rate, overloaded, …; "" = none
  std::string code;                    // provider code, e.g. "1302"
  std::optional<Failure> failure;      // what broke
  Duration back_off{0};                // waited before the next try
  std::optional<Duration> resent_after;  // a kept-alive connection turned out to be dead after so long: the request went out again on a fresh one
};

enum class Blame { intact, provider, network, client, siltgate, unknown };
enum class Certainty { certain, likely, cannot_tell };
enum class Closer { nobody, client, upstream, siltgate };

/// The state of the network path to the provider when the exchange broke or fell silent, from TCP_INFO:
/// alive = its kernel still acknowledged, dead = acknowledgements had stopped too.
enum class PathState { unknown, alive, dead };

std::string_view to_string(Blame blame);
std::string_view to_string(Certainty certainty);
std::string_view to_string(Closer closer);
std::string_view to_string(PathState path);

/// The words of to_string read back; empty on anything else.
std::optional<Blame> parse_blame(std::string_view word);

/// What the kernel said of the connection to the provider when the exchange ended, or broke, or was given up.
struct TcpSample {
  Duration last_ack{0};                // since anything of the far side's kernel arrived: data or an acknowledgement
  Duration last_data{0};               // since data arrived
  Duration round_trip{0};
  int unacknowledged = 0;              // segments sent and not acknowledged
  int retransmits = 0;                 // of the oldest of these, so far
  int unanswered_probes = 0;           // keep-alive probes since the last sign of life
};

/// What the provider's certificate chain says about who opened the TLS connection.
struct TlsSummary {
  std::string version;                 // "TLSv1.3"
  std::string issuer;                  // organisation of the topmost certificate, else its common name
  std::optional<bool> public_ca;       // true: anchored in the system's store and logged publicly; false: by ca_file alone;
                                       // unset: the system's store holds it, but no public log does, or not known
};

struct Verdict {
  Blame blame = Blame::unknown;
  std::string summary;                 // the verdict in one sentence
  std::string cause;                   // one stable word: "intact", "upstream_reset", "utf8", "concurrency", …
  Certainty certainty = Certainty::cannot_tell;
  std::vector<std::string> facts;      // sentences with numbers
  std::string advice;                  // what the user can do, one sentence or two
};

struct ExchangeRecord {
  // What every read of a stream touches comes first and close together.
  TimePoint last_byte_in{};
  Duration longest_gap{0};             // longest time between two reads of the response body
  std::uint64_t events = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;     // response body of the last attempt, after transfer-decoding
  ChunkTimes chunk_times;              // between two reads of the response body; for the metrics alone, not in the JSON

  std::string id;                      // "sg_" + 10 characters
  WallTime started_at{};
  TimePoint accepted{}, admitted{}, connected{}, first_byte{}, last_byte_out{}, ended{};
  Duration queued{0};                  // total time in the queue and in back-off
  Duration own{0};                     // total time spent in siltgate itself (0 = not measured)

  std::string client;                  // product of the User-Agent
  std::string user_agent;              // bounded to 256 bytes
  std::string peer;                    // ip:port or "unix"
  std::string session;                 // session name (hashed where it came from a secret)
  std::string provider, key, model;    // key: configured name or "#9f3c"
  std::string method, target;          // target without query
  Dialect dialect = Dialect::none;
  bool stream = false;                 // a stream was asked
  std::string schedule_class;          // interactive, subagent, background

  std::vector<Attempt> attempts;
  int status = 0;                      // status delivered to the client, 0 = none
  bool delivered_body = false;         // at least one body byte of an upstream response was delivered
  bool ended_cleanly = false;          // the response to the client was completed properly
  std::string finish_reason;
  std::string provider_error;          // code and message of an in-band or HTTP provider error, bounded

  std::uint64_t request_bytes = 0;
  std::int64_t in_tokens = -1, out_tokens = -1;  // -1 = not said
  std::string sha256_in, sha256_out;             // hex, of the last attempt; equal when nothing was changed
  std::string content_coding;          // gzip, deflate, br … as upstream named it, "" = none
  std::string sha256_decoded;          // hex, of a gzip or deflate answer once decoded; sha256_in is then of the bytes as they came
  std::uint64_t bytes_decoded = 0;     // its size
  std::string request_sha256;
  std::vector<Finding> findings;       // of all attempts, in their order
  std::optional<Failure> failure;      // why it did not end cleanly
  Closer closed_first = Closer::nobody;

  std::string upstream_address;        // ip:port the last attempt went to, "" = not connected
  bool upstream_loopback = false;      // that address is on this machine: no network lies between
  bool through_proxy = false;          // a CONNECT proxy stood between
  bool upstream_tls = false;           // the provider is spoken to over TLS
  std::optional<TlsSummary> tls;       // unset = not measured, or no TLS
  std::optional<bool> close_notify;    // TLS: the FIN came after the peer's authenticated close; unset = no FIN or not known
  std::optional<PathState> path;       // unset = not measured
  std::optional<TcpSample> tcp;        // unset = not measured
  std::string content_type;            // of the upstream response, bounded

  TimePoint first_event{};             // first complete event delivered
  std::uint64_t inserted_bytes = 0;    // siltgate's own: heartbeats, error events (not in bytes_out nor sha256_out)
  int repeated = 0;                    // held by the repeat guard: arrivals of this very body in the window
  bool client_lost = false;            // its machine had acknowledged nothing for long, or was found to be gone
  bool client_reused = false;          // the request came on an already used client connection
  bool client_keep_alive = false;      // the response left without Connection: close
  std::string replay_of;               // id of the exchange whose cut answer the client replayed, see History::replayed
  Verdict verdict;
};

}  // namespace siltgate::observe
