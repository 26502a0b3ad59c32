// SPDX-License-Identifier: Apache-2.0
#include "demo/events.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

namespace siltgate::demo {
namespace {

using Json = nlohmann::ordered_json;

std::string join(const std::vector<std::string>& pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::string{});
}

std::string data_event(const Json& json) { return "data: " + json.dump() + "\n\n"; }

std::string named_event(const Json& json) {
  return "event: " + json.at("type").get<std::string>() + "\n" + data_event(json);
}

int output_tokens(const Answer& answer) { return static_cast<int>(answer.thoughts.size() + answer.words.size()); }

Json chat_usage(const Answer& answer) {
  return {{"prompt_tokens", answer.prompt_tokens},
          {"completion_tokens", output_tokens(answer)},
          {"total_tokens", answer.prompt_tokens + output_tokens(answer)}};
}

Json chat_chunk(const Answer& answer, const Json& delta) {
  Json choice = {{"index", 0}, {"delta", delta}};
  return {{"id", answer.id},
          {"created", answer.created},
          {"object", "chat.completion.chunk"},
          {"model", answer.model},
          {"choices", Json::array({choice})}};
}

/// As Z.AI streams: the role in every delta, reasoning first, the finish reason only in the last chunk, with usage.
std::vector<std::string> chat_events(const Answer& answer) {
  std::vector<std::string> out;
  for (const std::string& thought : answer.thoughts)
    out.push_back(data_event(chat_chunk(answer, {{"role", "assistant"}, {"reasoning_content", thought}})));
  for (const std::string& word : answer.words)
    out.push_back(data_event(chat_chunk(answer, {{"role", "assistant"}, {"content", word}})));
  Json last = chat_chunk(answer, {{"role", "assistant"}, {"content", ""}});
  last["choices"][0]["finish_reason"] = answer.finish;
  last["usage"] = chat_usage(answer);
  out.push_back(data_event(last));
  out.push_back("data: [DONE]\n\n");
  return out;
}

std::string chat_body(const Answer& answer) {
  Json message = {{"role", "assistant"},
                  {"content", join(answer.words)},
                  {"reasoning_content", join(answer.thoughts)}};
  Json choice = {{"index", 0}, {"message", message}, {"finish_reason", answer.finish}};
  return Json{{"id", answer.id},
              {"created", answer.created},
              {"object", "chat.completion"},
              {"model", answer.model},
              {"choices", Json::array({choice})},
              {"usage", chat_usage(answer)}}
      .dump();
}

Json anthropic_message(const Answer& answer, const Json& content, const Json& stop_reason, int tokens) {
  return {{"id", answer.id},
          {"type", "message"},
          {"role", "assistant"},
          {"model", answer.model},
          {"content", content},
          {"stop_reason", stop_reason},
          {"stop_sequence", nullptr},
          {"usage", {{"input_tokens", answer.prompt_tokens}, {"output_tokens", tokens}}}};
}

void anthropic_block(std::vector<std::string>& out, int index, const Json& empty, std::string_view type,
                     std::string_view member, const std::vector<std::string>& pieces) {
  out.push_back(named_event({{"type", "content_block_start"}, {"index", index}, {"content_block", empty}}));
  for (const std::string& piece : pieces) {
    Json delta = {{"type", type}, {member, piece}};
    out.push_back(named_event({{"type", "content_block_delta"}, {"index", index}, {"delta", delta}}));
  }
  out.push_back(named_event({{"type", "content_block_stop"}, {"index", index}}));
}

std::vector<std::string> anthropic_events(const Answer& answer) {
  std::vector<std::string> out;
  out.push_back(named_event(
      {{"type", "message_start"}, {"message", anthropic_message(answer, Json::array(), nullptr, 0)}}));
  out.push_back(named_event({{"type", "ping"}}));
  Json thinking = {{"type", "thinking"}, {"thinking", ""}};
  anthropic_block(out, 0, thinking, "thinking_delta", "thinking", answer.thoughts);
  Json text = {{"type", "text"}, {"text", ""}};
  anthropic_block(out, 1, text, "text_delta", "text", answer.words);
  Json delta = {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}};
  out.push_back(named_event(
      {{"type", "message_delta"}, {"delta", delta}, {"usage", {{"output_tokens", output_tokens(answer)}}}}));
  out.push_back(named_event({{"type", "message_stop"}}));
  return out;
}

std::string anthropic_body(const Answer& answer) {
  Json text = {{"type", "text"}, {"text", join(answer.words)}};
  return anthropic_message(answer, Json::array({text}), "end_turn", output_tokens(answer)).dump();
}

Json response_object(const Answer& answer, std::string_view status, const Json& output) {
  Json usage = nullptr;
  if (status == "completed")
    usage = {{"input_tokens", answer.prompt_tokens},
             {"output_tokens", output_tokens(answer)},
             {"total_tokens", answer.prompt_tokens + output_tokens(answer)}};
  return {{"id", answer.id},       {"object", "response"}, {"created_at", answer.created}, {"status", status},
          {"model", answer.model}, {"output", output},     {"error", nullptr},             {"usage", usage}};
}

Json response_item(const Answer& answer, std::string_view status, const Json& content) {
  return {{"id", "msg_" + answer.id},
          {"type", "message"},
          {"status", status},
          {"role", "assistant"},
          {"content", content}};
}

Json response_part(const std::string& text) {
  return {{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}};
}

std::vector<std::string> responses_events(const Answer& answer) {
  std::vector<std::string> out;
  int number = 0;
  auto add = [&](Json event) {
    event["sequence_number"] = number++;
    out.push_back(named_event(event));
  };
  const std::string item = "msg_" + answer.id, text = join(answer.words);
  const Json none = Json::array(), part = response_part(text);
  const Json done = response_item(answer, "completed", Json::array({part}));
  auto place = [&](std::string_view type) {
    return Json{{"type", type}, {"item_id", item}, {"output_index", 0}, {"content_index", 0}};
  };
  auto add_placed = [&](std::string_view type, std::string_view member, const Json& value) {
    Json event = place(type);
    event[std::string(member)] = value;
    add(std::move(event));
  };
  add({{"type", "response.created"}, {"response", response_object(answer, "in_progress", none)}});
  add({{"type", "response.in_progress"}, {"response", response_object(answer, "in_progress", none)}});
  add({{"type", "response.output_item.added"},
       {"output_index", 0},
       {"item", response_item(answer, "in_progress", none)}});
  add_placed("response.content_part.added", "part", response_part(""));
  for (const std::string& word : answer.words) add_placed("response.output_text.delta", "delta", word);
  add_placed("response.output_text.done", "text", text);
  add_placed("response.content_part.done", "part", part);
  add({{"type", "response.output_item.done"}, {"output_index", 0}, {"item", done}});
  add({{"type", "response.completed"}, {"response", response_object(answer, "completed", Json::array({done}))}});
  return out;
}

std::string responses_body(const Answer& answer) {
  Json item = response_item(answer, "completed", Json::array({response_part(join(answer.words))}));
  return response_object(answer, "completed", Json::array({item})).dump();
}

}  // namespace

std::vector<std::string> stream_events(Dialect dialect, const Answer& answer) {
  if (dialect == Dialect::anthropic_messages) return anthropic_events(answer);
  if (dialect == Dialect::openai_responses) return responses_events(answer);
  return chat_events(answer);
}

std::size_t ending_events(Dialect dialect) {
  // chat: finish chunk, [DONE]; Anthropic: message_delta, message_stop; responses: response.completed
  return dialect == Dialect::openai_responses ? 1 : 2;
}

std::string whole_body(Dialect dialect, const Answer& answer) {
  if (dialect == Dialect::anthropic_messages) return anthropic_body(answer);
  if (dialect == Dialect::openai_responses) return responses_body(answer);
  return chat_body(answer);
}

}  // namespace siltgate::demo
