// SPDX-License-Identifier: Apache-2.0
// The control tokens and tags of chat templates. Knows names, not places.
#pragma once

#include <cstdint>
#include <string_view>

namespace siltgate::stream {

enum class TokenRole : std::uint8_t {
  none,     // no control token
  opens,    // has a counterpart that ends it
  closes,
  turn,     // begins a turn of the chat
  single    // stands alone: end of text and the like
};

struct Token {
  TokenRole role = TokenRole::none;
  bool tool_tag = false;      // markup of a tool call
  bool call = false;          // what holds the markup of a call: <tool_call> itself, the section of calls in other templates
  bool ends_thought = false;  // </think>
  std::uint8_t key = 0;       // the same for both ends of a pair, below 32
};

/// `text` from the opening to the closing bracket, with | for fullwidth bars and _ for the lower one eighth block.
Token token_of(std::string_view text);

}  // namespace siltgate::stream
