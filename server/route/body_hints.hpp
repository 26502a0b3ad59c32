// SPDX-License-Identifier: Apache-2.0
// What a JSON request body says about itself: model, stream, and cheap marks of background calls. Reads the members of the
// top-level object in one pass and builds no tree. Tolerant: the provider judges the body, not this.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace siltgate::route {

struct BodyHints {
  std::string model;               // unescaped, bounded to 256 bytes; "" = not said
  bool stream = false;             // `"stream": true`
  bool has_tools = false;          // `tools` is a list with something in it
  bool title_prompt = false;       // the system text starts "You are a title generator" (clients.md, section 3)
  std::int64_t max_tokens = -1;    // max_tokens, max_completion_tokens or max_output_tokens; -1 = not said
  std::int64_t rough_tokens = 0;   // of the request: its bytes by four
};

/// Of duplicate members the last wins. On malformed or cut JSON: what was complete before the fault.
BodyHints read_body_hints(std::string_view body);

}  // namespace siltgate::route
