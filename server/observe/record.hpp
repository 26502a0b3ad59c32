// SPDX-License-Identifier: Apache-2.0
// What is known of one exchange: filled by flow/ while it runs, judged by verdict.hpp when it ends. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/dialect.hpp"
#include "base/finding.hpp"
#include "base/result.hpp"

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
};

enum class Blame { intact, provider, network, client, siltgate, unknown };
enum class Certainty { certain, likely, cannot_tell };
enum class Closer { nobody, client, upstream, siltgate };

std::string_view to_string(Blame blame);
std::string_view to_string(Certainty certainty);
std::string_view to_string(Closer closer);

struct Verdict {
  Blame blame = Blame::unknown;
  std::string cause;                   // one stable word: "intact", "upstream_reset", "utf8", "concurrency", …
  Certainty certainty = Certainty::cannot_tell;
  std::vector<std::string> facts;      // sentences with numbers
  std::string advice;                  // what the user can do, one sentence or two
};

struct ExchangeRecord {
  std::string id;                      // "sg_" + 10 characters
  WallTime started_at{};
  TimePoint accepted{}, admitted{}, connected{}, first_byte{}, last_byte_in{}, last_byte_out{}, ended{};
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

  std::uint64_t events = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;     // response body, after transfer-decoding
  std::uint64_t request_bytes = 0;
  std::int64_t in_tokens = -1, out_tokens = -1;  // -1 = not said
  std::string sha256_in, sha256_out;             // hex; equal when nothing was changed
  std::string request_sha256;
  std::vector<Finding> findings;
  std::optional<Failure> failure;      // why it did not end cleanly
  Closer closed_first = Closer::nobody;
  Verdict verdict;
};

}  // namespace siltgate::observe
