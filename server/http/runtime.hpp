// SPDX-License-Identifier: Apache-2.0
// What a client's User-Agent says about its behaviour on broken connections (clients.md, section 1).
#pragma once

#include <string_view>

#include "http/config.hpp"

namespace siltgate::http {

/// True unless the User-Agent names a runtime known not to replay a POST on a reused connection: Bun >= 1.3.14, Node, curl,
/// Python clients, Go. Unknown or empty: true.
bool may_replay_posts(std::string_view user_agent);

/// The `keep_alive` setting applied: should this response carry Connection: close?
bool close_after_response(KeepAlive setting, std::string_view user_agent);

/// The `stream_failure` setting applied: opencode before 1.15 -> abort, others -> error_event.
StreamFailure failure_for(StreamFailure setting, std::string_view user_agent);

/// "opencode/1.18.33", "curl/8.5.0": the first product, for logs; "-" when empty. Bounded to 64 characters.
std::string_view product_of(std::string_view user_agent);

}  // namespace siltgate::http
