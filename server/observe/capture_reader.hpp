// SPDX-License-Identifier: Apache-2.0
// A capture read back: its lines as one value. Pure; docs/captures.md describes the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/record.hpp"

namespace siltgate::observe {

using HeadFields = std::vector<std::pair<std::string, std::string>>;

/// "" when absent; names compare without case.
std::string field_of(const HeadFields& fields, std::string_view name);

struct CapturedHead {
  std::string version;                    // "HTTP/1.1"
  int status = 0;
  std::string reason;
  HeadFields fields;                      // credentials are "[redacted]"
  std::int64_t ns = 0;
};

struct CapturedRead {
  std::int64_t ns = 0;                    // since the request was accepted
  std::uint64_t offset = 0;               // in the attempt's body
  std::string bytes;
  std::vector<std::uint32_t> chunk_ends;  // positions in `bytes` where chunks of the transfer coding ended
};

struct CapturedAttempt {
  int number = 0;
  std::optional<CapturedHead> head;       // the final one
  std::vector<CapturedRead> reads;
  bool body_complete = false;             // as the transport says; damage inside is another matter
  std::string how;                        // "complete", or the cause; "" = the capture ends before
  std::string detail;
  std::int64_t end_ns = 0;

  std::string body() const;
};

struct CapturedDelivery {
  std::int64_t ns = 0;
  int attempt = 0;
  std::string bytes;
  bool own = false;                       // siltgate's, not the provider's
};

struct Capture {
  std::string siltgate, id, method, target, url, provider;
  WallTime started_at{};
  Dialect dialect = Dialect::none;
  bool stream = false;
  HeadFields fields;                      // of the request
  std::uint64_t request_bytes = 0;
  std::string request_sha256;
  std::optional<std::string> request_body;
  std::vector<CapturedAttempt> attempts;
  std::optional<CapturedHead> reply;      // what the client got
  std::vector<CapturedDelivery> deliveries;
  std::vector<Finding> findings;
  std::optional<ExchangeRecord> record;   // with its verdict; unset = siltgate ended before the exchange did
  bool complete = false;                  // nothing is missing but masked bytes
  std::uint64_t masked = 0;               // bytes of bodies

  /// The last attempt, or the one of this number; null when there is none.
  const CapturedAttempt* attempt(int number = 0) const;
  /// What the client received of the body; `own` words of siltgate included or not.
  std::string delivered(bool with_own) const;
};

/// Empty when the first line is no head record of a format this version knows. A torn last line is left out.
std::optional<Capture> read_capture(std::string_view text);

}  // namespace siltgate::observe
