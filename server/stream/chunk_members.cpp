// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_members.hpp"

#include <cstring>

namespace siltgate::stream {
namespace {

/// With a size that the compiler knows, a name is compared as one or two numbers.
template <std::size_t Size>
bool is(std::string_view key, const char (&name)[Size]) {
  return key.size() == Size - 1 && std::memcmp(key.data(), name, Size - 1) == 0;
}

Node root_member(std::string_view key) {
  switch (key.size()) {
    case 2: return is(key, "id") ? Node::id : Node::other;
    case 3: return is(key, "msg") ? Node::msg : Node::other;
    case 4: return is(key, "type") ? Node::type : is(key, "code") ? Node::code : Node::other;
    case 5:
      return is(key, "delta") ? Node::delta : is(key, "index") ? Node::index : is(key, "usage") ? Node::usage
           : is(key, "error") ? Node::error : Node::other;
    case 6:
      return is(key, "object") ? Node::object : is(key, "status") ? Node::status : is(key, "output") ? Node::output
                                                                                               : Node::other;
    case 7:
      return is(key, "choices") ? Node::choices : is(key, "created") ? Node::created : is(key, "message") ? Node::message
           : is(key, "content") ? Node::content : is(key, "success") ? Node::success : Node::other;
    case 8: return is(key, "response") ? Node::response : Node::other;
    case 9: return is(key, "arguments") ? Node::arguments : Node::other;
    case 12:
      return is(key, "output_index") ? Node::output_index : is(key, "input_tokens") ? Node::input_tokens : Node::other;
    case 15: return is(key, "sequence_number") ? Node::sequence_number : Node::other;
    default: return Node::other;
  }
}

Node choice_member(std::string_view key) {
  if (is(key, "delta")) return Node::choice_delta;
  if (is(key, "index")) return Node::choice_index;
  if (is(key, "finish_reason")) return Node::finish_reason;
  if (is(key, "message")) return Node::choice_message;
  return Node::other;
}

Node choice_delta_member(std::string_view key) {
  if (is(key, "content")) return Node::delta_content;
  if (is(key, "role")) return Node::role;
  if (is(key, "tool_calls")) return Node::tool_calls;
  if (is(key, "reasoning_content") || is(key, "reasoning")) return Node::reasoning;
  return Node::text_other;
}

Node tool_call_member(std::string_view key) {
  if (is(key, "index")) return Node::call_index;
  if (is(key, "id")) return Node::call_id;
  if (is(key, "function")) return Node::function;
  return Node::other;
}

Node choice_message_member(std::string_view key) {
  if (is(key, "content")) return Node::whole_content;
  if (is(key, "tool_calls")) return Node::message_calls;
  if (is(key, "reasoning_content") || is(key, "reasoning")) return Node::whole_reasoning;
  return Node::other;
}

/// An item of `output` (responses).
Node item_member(std::string_view key) {
  if (is(key, "content") || is(key, "summary")) return Node::item_content;
  return is(key, "arguments") ? Node::whole_arguments : Node::other;
}

/// A part of content (anthropic, responses).
Node part_member(std::string_view key) {
  if (is(key, "text")) return Node::whole_content;
  return is(key, "thinking") ? Node::whole_reasoning : Node::other;
}

/// Members of message_start.message (anthropic) and of response.*.response (responses).
Node inner_member(std::string_view key) {
  if (is(key, "id")) return Node::inner_id;
  if (is(key, "usage")) return Node::inner_usage;
  if (is(key, "created_at")) return Node::inner_created;
  if (is(key, "status")) return Node::inner_status;
  if (is(key, "error")) return Node::inner_error;
  return Node::other;
}

Node delta_member(std::string_view key) {
  if (is(key, "type")) return Node::delta_type;
  if (is(key, "text")) return Node::delta_text;
  if (is(key, "thinking")) return Node::delta_thinking;
  if (is(key, "partial_json")) return Node::partial_json;
  if (is(key, "stop_reason")) return Node::stop_reason;
  return Node::other;
}

Node usage_member(std::string_view key) {
  if (is(key, "prompt_tokens") || is(key, "input_tokens")) return Node::input_tokens;
  if (is(key, "completion_tokens") || is(key, "output_tokens")) return Node::output_tokens;
  return Node::other;
}

}  // namespace

Node member(Node parent, std::string_view key) {
  switch (parent) {
    case Node::root: return root_member(key);
    case Node::choice: return choice_member(key);
    case Node::choice_delta: return choice_delta_member(key);
    case Node::tool_call: return tool_call_member(key);
    case Node::function:
      return is(key, "arguments") ? Node::call_arguments : is(key, "name") ? Node::call_name : Node::other;
    case Node::choice_message: return choice_message_member(key);
    case Node::message_call: return is(key, "function") ? Node::message_function : Node::other;
    case Node::message_function: return is(key, "arguments") ? Node::whole_arguments : Node::other;
    case Node::item: return item_member(key);
    case Node::part: return part_member(key);
    case Node::message:
    case Node::response: return inner_member(key);
    case Node::delta: return delta_member(key);
    case Node::usage:
    case Node::inner_usage: return usage_member(key);
    case Node::error: return Node::error_part;
    case Node::error_part: return Node::error_leaf;
    default: return Node::other;
  }
}

}  // namespace siltgate::stream
