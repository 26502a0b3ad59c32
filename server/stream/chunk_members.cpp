// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_members.hpp"

namespace siltgate::stream {
namespace {

Node root_member(std::string_view key) {
  switch (key.size()) {
    case 2: return key == "id" ? Node::id : Node::other;
    case 3: return key == "msg" ? Node::msg : Node::other;
    case 4: return key == "type" ? Node::type : key == "code" ? Node::code : Node::other;
    case 5:
      return key == "delta" ? Node::delta : key == "index" ? Node::index : key == "usage" ? Node::usage
           : key == "error" ? Node::error : Node::other;
    case 6:
      return key == "object" ? Node::object : key == "status" ? Node::status : key == "output" ? Node::output
                                                                                               : Node::other;
    case 7:
      return key == "choices" ? Node::choices : key == "created" ? Node::created : key == "message" ? Node::message
           : key == "content" ? Node::content : key == "success" ? Node::success : Node::other;
    case 8: return key == "response" ? Node::response : Node::other;
    case 9: return key == "arguments" ? Node::arguments : Node::other;
    case 12:
      return key == "output_index" ? Node::output_index : key == "input_tokens" ? Node::input_tokens : Node::other;
    case 15: return key == "sequence_number" ? Node::sequence_number : Node::other;
    default: return Node::other;
  }
}

Node choice_member(std::string_view key) {
  if (key == "delta") return Node::choice_delta;
  if (key == "index") return Node::choice_index;
  if (key == "finish_reason") return Node::finish_reason;
  if (key == "message") return Node::choice_message;
  return Node::other;
}

Node choice_delta_member(std::string_view key) {
  if (key == "content") return Node::delta_content;
  if (key == "role") return Node::role;
  if (key == "tool_calls") return Node::tool_calls;
  if (key == "reasoning_content" || key == "reasoning") return Node::reasoning;
  return Node::text_other;
}

Node tool_call_member(std::string_view key) {
  if (key == "index") return Node::call_index;
  if (key == "id") return Node::call_id;
  if (key == "function") return Node::function;
  return Node::other;
}

Node choice_message_member(std::string_view key) {
  if (key == "content") return Node::whole_content;
  if (key == "tool_calls") return Node::message_calls;
  if (key == "reasoning_content" || key == "reasoning") return Node::whole_reasoning;
  return Node::other;
}

/// An item of `output` (responses).
Node item_member(std::string_view key) {
  if (key == "content" || key == "summary") return Node::item_content;
  return key == "arguments" ? Node::whole_arguments : Node::other;
}

/// A part of content (anthropic, responses).
Node part_member(std::string_view key) {
  if (key == "text") return Node::whole_content;
  return key == "thinking" ? Node::whole_reasoning : Node::other;
}

/// Members of message_start.message (anthropic) and of response.*.response (responses).
Node inner_member(std::string_view key) {
  if (key == "id") return Node::inner_id;
  if (key == "usage") return Node::inner_usage;
  if (key == "created_at") return Node::inner_created;
  if (key == "status") return Node::inner_status;
  if (key == "error") return Node::inner_error;
  return Node::other;
}

Node delta_member(std::string_view key) {
  if (key == "type") return Node::delta_type;
  if (key == "text") return Node::delta_text;
  if (key == "thinking") return Node::delta_thinking;
  if (key == "partial_json") return Node::partial_json;
  if (key == "stop_reason") return Node::stop_reason;
  return Node::other;
}

Node usage_member(std::string_view key) {
  if (key == "prompt_tokens" || key == "input_tokens") return Node::input_tokens;
  if (key == "completion_tokens" || key == "output_tokens") return Node::output_tokens;
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
      return key == "arguments" ? Node::call_arguments : key == "name" ? Node::call_name : Node::other;
    case Node::choice_message: return choice_message_member(key);
    case Node::message_call: return key == "function" ? Node::message_function : Node::other;
    case Node::message_function: return key == "arguments" ? Node::whole_arguments : Node::other;
    case Node::item: return item_member(key);
    case Node::part: return part_member(key);
    case Node::message:
    case Node::response: return inner_member(key);
    case Node::delta: return delta_member(key);
    case Node::usage:
    case Node::inner_usage: return usage_member(key);
    default: return Node::other;
  }
}

}  // namespace siltgate::stream
