// SPDX-License-Identifier: Apache-2.0
// What the demo provider says: a request in, the reply out, piece by piece, with the fault its model name asks for.
// Pure: no sockets, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dialect.hpp"

namespace siltgate::demo {

/// What goes wrong, chosen by model name ("demo/splice"). Any name without the prefix "demo/" is healthy.
enum class Fault {
  none,       // a sound answer
  slow,       // sound, ten times slower
  splice,     // a second response pasted into an open string
  torn_utf8,  // one byte of a character is lost
  truncate,   // a proper end of the body, but no finish reason
  cut,        // the connection closes inside an event
  stall,      // silence after half the events
  html,       // 200 with a web page
  garble,     // sound framing, degenerate text
  refuse,     // always 429 with code 1302
  sensitive,  // finish_reason "sensitive"
  json,       // 200 with a JSON body to a stream request
  error,      // an in-stream error object
  unknown,    // no such model: 400 with code 1211
};

Fault fault_of(std::string_view model);
/// The names behind `GET …/models`, healthy first.
std::vector<std::string_view> model_names();

/// What a request body asks for. Anything that is not JSON is a healthy, not streamed request for "demo".
struct Ask {
  std::string model = "demo";
  std::string prompt;   // the last user text, bounded to 200 bytes at a character border
  bool stream = false;
  std::optional<std::chrono::milliseconds> pace;   // member "demo_pace_ms": another pace than usual, at most 10000
};
Ask read_ask(std::string_view body);

struct Reply {
  enum class End { clean, cut, silence };
  int status = 200;
  std::string content_type;
  std::vector<std::string> pieces;   // each is one event, one chunk, one write
  End end = End::clean;
  int slowness = 1;                  // factor on the pace
  std::optional<std::chrono::milliseconds> pace;   // as the request asked
  bool streamed = false;             // false: one piece, sent with Content-Length
};

/// Makes one answer differ from the next.
struct Stamp {
  std::uint64_t number = 1;
  std::int64_t created = 0;   // Unix seconds
};

Reply make_reply(Dialect dialect, const Ask& ask, const Stamp& stamp);
/// Z.AI's refusal of a request beyond the concurrency limit, word for word.
Reply make_refusal();
Reply make_model_list(const Stamp& stamp);
/// What Z.AI answers to a path it does not know: 200 with an error envelope.
Reply make_wrong_path();

}  // namespace siltgate::demo
