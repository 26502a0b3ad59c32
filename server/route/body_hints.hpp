// SPDX-License-Identifier: Apache-2.0
// What a JSON request body says about itself: model, stream, and cheap marks of background calls. Reads the members of the
// top-level object in one pass and builds no tree. Tolerant: the provider judges the body, not this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "route/json_skip.hpp"

namespace siltgate::route {

struct BodyHints {
  std::string model;               // unescaped, bounded to 256 bytes; "" = not said
  bool stream = false;             // `"stream": true`
  bool has_tools = false;          // `tools` is a list with something in it
  bool title_prompt = false;       // the system text starts "You are a title generator" (clients.md, section 3)
  std::int64_t max_tokens = -1;    // max_tokens, max_completion_tokens or max_output_tokens; -1 = not said
  std::int64_t rough_tokens = 0;   // of the request: its bytes by four
};

/// Reads a body as it arrives. Of duplicate members the last wins. On malformed or cut JSON: what was complete before the fault.
class BodyHintsReader {
 public:
  /// More of the body is there: `body` is all of it so far, wherever it lies now. Only what is new is read, while it is in the cache.
  void read(std::string_view body) { walk(body, false); }
  /// `body` is complete.
  BodyHints finish(std::string_view body);

 private:
  enum class Step { object, name, value, inside, after, over };
  enum class Kind { string, container, word };
  void walk(std::string_view body, bool complete);
  Step take_object(std::string_view body);
  Step take_name(std::string_view body, bool complete);
  Step begin_value(std::string_view body);
  Step end_value(std::string_view body);
  Step take_comma(std::string_view body);
  bool skip_space(std::string_view body);

  BodyHints hints_;
  Step step_ = Step::object;
  std::size_t at_ = 0;           // read up to here
  std::size_t worth_trying_ = 0; // a name that was cut is looked at again when there is so much
  std::string name_;
  Kind kind_ = Kind::word;
  std::size_t begin_ = 0;        // of the value
  ContainerScan container_;
};

/// The same in one call.
BodyHints read_body_hints(std::string_view body);

}  // namespace siltgate::route
