// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/units.hpp"

namespace siltgate::http {

enum class KeepAlive { automatic, always, never };
enum class StreamFailure { automatic, error_event, abort };

/// Bounds of one request (contract, section 9).
struct Limits {
  Bytes request_line = 8_KiB;
  Bytes head = 64_KiB;
  int fields = 100;
  Bytes request_body = 64_MiB;
  Bytes response_body = 64_MiB;                       // held whole: JSON bodies
  Duration head_time = std::chrono::seconds(10);      // absolute, from the first byte of a head
  Duration idle_time = std::chrono::seconds(75);      // keep-alive wait for the next head
  Duration body_stall = std::chrono::seconds(20);     // a request body must make progress within this
  Bytes body_rate = 1_KiB;                            // and so much per second on average, once body_stall is over
  Bytes request_bodies = 1024_MiB;                    // of all requests, held at once
  Bytes response_bodies = 1024_MiB;                   // of all answers that are held whole, at once
};

/// Who may speak to a listener and under which names (DNS rebinding).
struct AccessRules {
  std::vector<std::string> allowed_hosts{"localhost"};  // besides IP literals of ours
  std::vector<std::string> allow;                       // CIDRs of peers; empty = every peer
};

}  // namespace siltgate::http
