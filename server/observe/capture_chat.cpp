// SPDX-License-Identifier: Apache-2.0
// The answer as its reader sees it: reasoning, text and tool calls put together from the deltas of each dialect.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "observe/capture_views.hpp"
#include "observe/redact.hpp"
#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

using Json = nlohmann::json;

struct Chat : CapturedChat {
  Part& part(const std::string& part_key, const std::string& title) {
    for (auto each = parts.rbegin(); each != parts.rend(); ++each)
      if (each->key == part_key) return *each;
    return parts.emplace_back(Part{part_key, title, {}});
  }
};

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& member(const Json& object, const char* name) {
  static const Json none;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

void add_text(Chat& chat, const std::string& key, const std::string& title, const std::string& text) {
  if (!text.empty()) chat.part(key, title).text += text;
}

/// A delta or a whole message of OpenAI chat.
void take_message(Chat& chat, const Json& message, const std::string& choice) {
  if (!message.is_object()) return;
  for (const char* name : {"reasoning_content", "reasoning"}) add_text(chat, choice + "reasoning", "reasoning", text_of(message, name));
  add_text(chat, choice + "text", "text", text_of(message, "content"));
  add_text(chat, choice + "refusal", "refusal", text_of(message, "refusal"));
  std::size_t at = 0;
  for (const Json& call : member(message, "tool_calls")) {
    const Json& function = member(call, "function");
    const Json& index = member(call, "index");
    Chat::Part& part = chat.part(fmt::format("{}tool {}", choice, index.is_number_unsigned() ? index.get<std::size_t>() : at), "tool call");
    if (const std::string name = text_of(function, "name"); !name.empty()) part.title = "tool call " + name + " " + text_of(call, "id");
    part.text += text_of(function, "arguments");
    ++at;
  }
}

void take_openai_chat(Chat& chat, const Json& chunk) {
  for (const Json& choice : member(chunk, "choices")) {
    const Json& index = member(choice, "index");
    const std::string key = index.is_number_unsigned() && index != 0 ? "choice " + index.dump() + " " : "";
    take_message(chat, member(choice, choice.contains("delta") ? "delta" : "message"), key);
    if (const std::string reason = text_of(choice, "finish_reason"); !reason.empty()) chat.end = reason;
  }
}

void take_output_item(Chat& chat, const Json& item) {
  const std::string type = text_of(item, "type"), key = text_of(item, "id");
  if (type == "function_call") {
    Chat::Part& part = chat.part(key, "tool call");
    part.title = "tool call " + text_of(item, "name") + " " + text_of(item, "call_id");
    if (part.text.empty()) part.text = text_of(item, "arguments");
  }
}

void take_openai_responses(Chat& chat, const Json& event) {
  const std::string type = text_of(event, "type");
  const std::string key = text_of(event, "item_id");
  if (type == "response.output_item.added") take_output_item(chat, member(event, "item"));
  else if (type == "response.output_text.delta") add_text(chat, key + "text", "text", text_of(event, "delta"));
  else if (type == "response.refusal.delta") add_text(chat, key + "refusal", "refusal", text_of(event, "delta"));
  else if (type.starts_with("response.reasoning") && type.ends_with(".delta")) add_text(chat, key + "reasoning", "reasoning", text_of(event, "delta"));
  else if (type == "response.function_call_arguments.delta") add_text(chat, key, "tool call", text_of(event, "delta"));
  else if (type == "response.completed" || type == "response.incomplete" || type == "response.failed") chat.end = type.substr(9);
  for (const Json& item : member(event, "output")) {   // not streamed
    take_output_item(chat, item);
    for (const Json& content : member(item, "content")) add_text(chat, text_of(item, "id") + "text", "text", text_of(content, "text"));
  }
  if (event.contains("output")) chat.end = text_of(event, "status");
}

/// A content block at its start, or one of a whole message.
void take_block(Chat& chat, const Json& block, const std::string& key) {
  const std::string type = text_of(block, "type");
  if (type == "tool_use") {
    Chat::Part& part = chat.part(key, "tool call " + text_of(block, "name") + " " + text_of(block, "id"));
    const Json& input = member(block, "input");
    if (!input.empty()) part.text = input.dump();
  }
  add_text(chat, key, "text", text_of(block, "text"));
  add_text(chat, key, "reasoning", text_of(block, "thinking"));
}

void take_anthropic(Chat& chat, const Json& event) {
  const std::string type = text_of(event, "type");
  const std::string key = "block " + member(event, "index").dump();
  const Json& delta = member(event, "delta");
  if (type == "content_block_start") take_block(chat, member(event, "content_block"), key);
  if (type == "content_block_delta") {
    add_text(chat, key, "text", text_of(delta, "text"));
    add_text(chat, key, "reasoning", text_of(delta, "thinking"));
    add_text(chat, key, "tool call", text_of(delta, "partial_json"));
  }
  std::size_t at = 0;
  for (const Json& block : member(event, "content")) take_block(chat, block, "block " + std::to_string(at++));
  for (const Json* from : {&delta, &event})
    if (from->is_object())
      if (const std::string reason = text_of(*from, "stop_reason"); !reason.empty()) chat.end = reason;
}

/// What nests deeper is left out: dump() calls itself, and a provider must not choose how often.
bool not_too_deep(int depth, Json::parse_event_t, Json&) { return depth < 256; }

void take(Chat& chat, Dialect dialect, const std::string& text) {
  if (text.empty() || text == "[DONE]") return;
  const Json json = Json::parse(text, not_too_deep, false);
  if (!json.is_object()) {
    ++chat.unread;
    return;
  }
  if (const Json& error = member(json, "error"); !error.is_null())
    chat.part("error", "provider error").text += error.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (dialect == Dialect::openai_chat) take_openai_chat(chat, json);
  if (dialect == Dialect::openai_responses) take_openai_responses(chat, json);
  if (dialect == Dialect::anthropic_messages) take_anthropic(chat, json);
}

/// A credential that came in several deltas is whole only here.
std::string masked(std::string text) {
  BodyMask({}).apply(text);
  return text;
}

/// Line by line, so that line breaks stay and everything else that steers a terminal does not.
std::string lines_made_visible(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out += visible(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace

CapturedChat chat_of(const Capture& capture, const CapturedAttempt& attempt) {
  Chat chat;
  const bool events = attempt.head && field_of(attempt.head->fields, "content-type").starts_with("text/event-stream");
  if (!events) take(chat, capture.dialect, attempt.body());
  else
    for (const CapturedEvent& event : events_of(attempt)) take(chat, capture.dialect, event.data);
  for (auto& part : chat.parts) part.text = masked(std::move(part.text));
  return chat;
}

std::string view_chat(const Capture& capture, const CapturedAttempt& attempt) {
  const CapturedChat chat = chat_of(capture, attempt);
  std::string out;
  for (const auto& part : chat.parts) out += "--- " + visible(part.title, 200) + "\n" + lines_made_visible(part.text);
  if (!chat.end.empty()) out += "--- finished: " + visible(chat.end, 100) + "\n";
  else out += fmt::format("--- not finished: {}\n", attempt.how.empty() ? "the capture ends here" : attempt.how);
  if (chat.unread == 1) out += "--- one event is no JSON; siltgate show --events names it\n";
  if (chat.unread > 1) out += fmt::format("--- {} events are no JSON; siltgate show --events names them\n", chat.unread);
  return out;
}

}  // namespace siltgate::observe
