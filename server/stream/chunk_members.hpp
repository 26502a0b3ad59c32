// SPDX-License-Identifier: Apache-2.0
// Where in a payload the parser stands: the members that matter, by parent and name. A table, nothing else.
#pragma once

#include <cstdint>
#include <string_view>

namespace siltgate::stream {

enum class Node : std::uint8_t {
  other, root,
  // members of the root
  id, object, type, created, status, error, code, msg, success, choices, usage, message, content, output, delta,
  index, output_index, sequence_number, response, arguments,
  // below choices
  choice, choice_index, choice_delta, choice_message, finish_reason, role, delta_content, reasoning, tool_calls,
  tool_call, call_index, call_id, function, call_name, call_arguments,
  // below message (anthropic), response (responses), delta (anthropic), usage
  inner_id, inner_created, inner_status, inner_error, inner_usage, delta_type, delta_text, delta_thinking, partial_json,
  stop_reason, input_tokens, output_tokens,
  // texts of a whole body: choices.message, entries of content (anthropic) and of output.content (responses)
  whole_content, whole_reasoning, message_calls, message_call, message_function, whole_arguments, item, item_content, part,
  error_part, error_leaf,  // any member or entry of error, and of those
  text_other  // a member of choice.delta that is none of the above
};

/// The node of member `key` of an object at `parent`.
Node member(Node parent, std::string_view key);

/// The node of the entries of an array at `parent`.
constexpr Node entry(Node parent) {
  if (parent == Node::choices) return Node::choice;
  if (parent == Node::tool_calls) return Node::tool_call;
  if (parent == Node::message_calls) return Node::message_call;
  if (parent == Node::content || parent == Node::item_content) return Node::part;
  if (parent == Node::output) return Node::item;
  if (parent == Node::error) return Node::error_part;
  if (parent == Node::error_part) return Node::error_leaf;
  return Node::other;
}

/// True for the arrays whose entries matter.
constexpr bool is_list(Node node) { return entry(node) != Node::other; }

}  // namespace siltgate::stream
