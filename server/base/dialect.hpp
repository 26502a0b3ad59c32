// SPDX-License-Identifier: Apache-2.0
// The protocols whose streams and bodies siltgate understands.
#pragma once

#include <string_view>

namespace siltgate {

enum class Dialect {
  none,                // not an inference call: proxied, not validated
  openai_chat,         // POST …/chat/completions
  openai_responses,    // POST …/responses
  anthropic_messages,  // POST …/messages
};

constexpr std::string_view to_string(Dialect dialect) {
  constexpr std::string_view names[] = {"none", "openai_chat", "openai_responses", "anthropic_messages"};
  return names[static_cast<int>(dialect)];
}

}  // namespace siltgate
