// SPDX-License-Identifier: Apache-2.0
#include "support/chat_bytes.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include <nlohmann/json.hpp>

namespace siltgate::test {
namespace {

using nlohmann::ordered_json;

std::string event(const ordered_json& choice, std::string_view id, const ordered_json& usage) {
  ordered_json chunk{{"id", id}, {"object", "chat.completion.chunk"}, {"created", 1}, {"model", "glm-4.6"}};
  chunk["choices"] = ordered_json::array({choice});
  if (!usage.is_null()) chunk["usage"] = usage;
  return "data: " + chunk.dump() + "\n\n";
}

}  // namespace

std::string chat_event(std::string_view content, std::string_view id) {
  return event({{"index", 0}, {"delta", {{"role", "assistant"}, {"content", content}}}}, id, nullptr);
}

std::string chat_finish(std::string_view reason, std::string_view id) {
  return event({{"index", 0}, {"finish_reason", reason}, {"delta", {{"role", "assistant"}, {"content", ""}}}}, id,
               {{"prompt_tokens", 5}, {"completion_tokens", 2}, {"total_tokens", 7}});
}

std::vector<std::string> chat_events(const std::vector<std::string>& pieces, std::string_view id) {
  std::vector<std::string> events;
  for (const auto& piece : pieces) events.push_back(chat_event(piece, id));
  events.push_back(chat_finish("stop", id));
  events.emplace_back(chat_done);
  return events;
}

std::string sse_chat(const std::vector<std::string>& pieces, std::string_view id) { return joined(chat_events(pieces, id)); }

std::vector<std::string> message_events(std::string_view text) {
  ordered_json message{{"id", "msg_1"}, {"type", "message"}, {"role", "assistant"}, {"model", "glm-4.6"}};
  message["content"] = ordered_json::array();
  message["usage"] = {{"input_tokens", 5}, {"output_tokens", 1}};
  const ordered_json payloads[] = {
      {{"type", "message_start"}, {"message", message}},
      {{"type", "content_block_start"}, {"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}},
      {{"type", "content_block_delta"}, {"index", 0}, {"delta", {{"type", "text_delta"}, {"text", text}}}},
      {{"type", "content_block_stop"}, {"index", 0}},
      {{"type", "message_delta"}, {"delta", {{"stop_reason", "end_turn"}}}, {"usage", {{"output_tokens", 2}}}},
      {{"type", "message_stop"}}};
  std::vector<std::string> events;
  for (const auto& payload : payloads)
    events.push_back("event: " + payload["type"].get<std::string>() + "\ndata: " + payload.dump() + "\n\n");
  return events;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += part;
  return out;
}

std::vector<std::string> cut_at(std::string_view text, const std::vector<std::size_t>& offsets) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (auto offset : offsets) {
    parts.emplace_back(text.substr(from, offset - from));
    from = offset;
  }
  parts.emplace_back(text.substr(from));
  return parts;
}

std::string chunk(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

std::string chunked(const std::vector<std::string>& parts, bool end) {
  std::string out;
  for (const auto& part : parts)
    if (!part.empty()) out += chunk(part);
  return end ? out + "0\r\n\r\n" : out;
}

std::string chat_request(std::string_view text, std::string_view model, bool stream) {
  ordered_json body{{"model", model}, {"stream", stream}};
  body["messages"] = ordered_json::array({{{"role", "user"}, {"content", text}}});
  return body.dump();
}

std::string healthy_text(std::size_t size) {
  static constexpr const char* words[] = {"river", "stone", "lamp", "cloud", "engine", "garden", "paper", "window", "signal", "harbour",
                                          "copper", "winter", "number", "letter", "bridge", "candle", "forest", "mirror", "pocket"};
  std::string text;
  std::uint32_t state = 12345;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator: the same text every time
    text += words[(state >> 16) % std::size(words)];
    text += (state >> 24) % 9 == 0 ? ". " : " ";
  }
  return text;
}

}  // namespace siltgate::test
