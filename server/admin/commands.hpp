// SPDX-License-Identifier: Apache-2.0
// The POSTs: who may send them, and what they do. Knows no sockets.
#pragma once

#include <optional>
#include <string_view>

#include "admin/api.hpp"

namespace siltgate::admin {

/// 160 random bits in hex.
std::string new_token();

/// Is `path` (behind admin.path) one of them?
bool is_command(std::string_view path);

/// Decided in this order:
/// 1. the control socket may do everything
/// 2. `stop` is for the control socket alone
/// 3. a browser must say that the page is ours: Origin is this Host, Sec-Fetch-Site, where sent, same-origin
/// 4. the token of this start, which only a page of ours could read
Reply command(std::string_view path, std::string_view body, const Gate& gate, View& view);

}  // namespace siltgate::admin
