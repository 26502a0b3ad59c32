// SPDX-License-Identifier: Apache-2.0
// Which finish reasons clients can handle, and what the others mean.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace siltgate::stream {

using FinishReasonMap = std::vector<std::pair<std::string, std::string>>;

/// stop, length, tool_calls, content_filter, function_call: any other makes agents ask again for ever.
bool is_chat_finish_reason(std::string_view value);

/// The provider says that it broke off: network_error and its like. The answer is truncated.
bool is_broken_off(std::string_view value);

/// What to write in place of `value`: from `map` (exact), else from the built-in table (any case). Empty when neither
/// knows it: what such an answer is worth cannot be told, so it is not repaired.
std::string chat_replacement(std::string_view value, const FinishReasonMap& map);

/// The same for the stop_reason of Anthropic messages, where clients take new values well: only known-bad ones map.
std::string anthropic_replacement(std::string_view value, const FinishReasonMap& map);

}  // namespace siltgate::stream
