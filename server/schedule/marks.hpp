// SPDX-License-Identifier: Apache-2.0
// Which class and which session a request belongs to, from the marks clients put on it. Knows no bodies: what the body
// says comes in as two booleans.
#pragma once

#include <string>
#include <string_view>

#include "schedule/config.hpp"
#include "schedule/refusal.hpp"

namespace siltgate::schedule {

/// What the request body says about itself.
struct BodyMarks {
  bool has_tools = false;
  bool title_prompt = false;  // the system text starts "You are a title generator"
};

/// First match:
/// (1) `siltgate-class: interactive|subagent|background` (any case; another value counts as absent).
/// (2) `X-Background` that is not empty, 0, false or no: background.
/// (3) No tools and a title prompt: background.
/// (4) `x-parent-session-id`: subagent.
/// (5) interactive.
Class class_of(const HeaderLookup& header, const BodyMarks& body);

/// First that is there and not blank: x-session-affinity, x-session-id, x-opencode-session, the name of the client token, peer
/// address with the User-Agent. At most 256 bytes of each. The prefix ("session:", "token:", "peer:") keeps them apart.
std::string session_of(const HeaderLookup& header, std::string_view client_token_name, std::string_view peer_address);

}  // namespace siltgate::schedule
