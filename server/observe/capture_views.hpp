// SPDX-License-Identifier: Apache-2.0
// What `siltgate show` prints of a capture. Pure: text for people; control characters of peers are made visible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "observe/capture_reader.hpp"

namespace siltgate::observe {

/// One SSE event of an attempt's body, as the stream checks number them.
struct CapturedEvent {
  std::uint64_t number = 0;      // from 1; 0 = without data: not counted
  std::uint64_t offset = 0;
  std::string bytes;
  std::string name, data;        // its fields: event, data lines joined with LF
  bool comment = false;          // stands between events
  bool open = false;             // the body ends inside it
  std::int64_t ns = 0;           // when its last byte came
};
std::vector<CapturedEvent> events_of(const CapturedAttempt& attempt);

/// What there is and how to see it.
std::string view_overview(const Capture& capture);
std::string view_events(const Capture& capture, const CapturedAttempt& attempt);
/// Around the fault, or all of event `number`. Empty when there is no such event.
std::optional<std::string> view_hex(const Capture& capture, const CapturedAttempt& attempt, std::uint64_t number);
/// Reasoning, text and tool calls, put together as a client of this dialect would.
std::string view_chat(const Capture& capture, const CapturedAttempt& attempt);
std::string view_headers(const Capture& capture);
/// Received against delivered: equal, or where they part and how.
std::string view_diff(const Capture& capture, const CapturedAttempt& attempt);

/// The finding that decided, of this attempt: a rejecting one before others. Null when there is none.
const Finding* decisive_finding(const Capture& capture, const CapturedAttempt& attempt);

}  // namespace siltgate::observe
