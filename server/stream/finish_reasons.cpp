// SPDX-License-Identifier: Apache-2.0
#include "stream/finish_reasons.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace siltgate::stream {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

constexpr Row chat_rows[] = {
    {"sensitive", "content_filter"},  // Z.AI
    {"model_context_window_exceeded", "length"},
    {"tool_call", "tool_calls"}, {"tool_use", "tool_calls"}, {"end_turn", "stop"}, {"stop_sequence", "stop"},
    {"eos", "stop"}, {"eos_token", "stop"}, {"completed", "stop"}, {"max_tokens", "length"},
    {"max_output_tokens", "length"}, {"refusal", "content_filter"}, {"safety", "content_filter"},
    {"recitation", "content_filter"}, {"blocklist", "content_filter"}, {"prohibited_content", "content_filter"},
    {"spii", "content_filter"},
    {"stop", "stop"}, {"length", "length"}, {"tool_calls", "tool_calls"},  // in capitals
};

std::string from_map(std::string_view value, const FinishReasonMap& map) {
  for (const auto& [from, to] : map)
    if (from == value && to.find_first_of("\"\\") == std::string::npos) return to;  // it is written between quotes
  return {};
}

}  // namespace

bool is_chat_finish_reason(std::string_view value) {
  return value == "stop" || value == "length" || value == "tool_calls" || value == "content_filter" ||
         value == "function_call";
}

bool is_broken_off(std::string_view value) {
  return value == "network_error" || value == "error" || value == "abort";
}

std::string chat_replacement(std::string_view value, const FinishReasonMap& map) {
  if (auto said = from_map(value, map); !said.empty()) return said;
  const std::string key = lower(value);
  for (const auto& [from, to] : chat_rows)
    if (from == key) return std::string(to);
  return {};
}

std::string anthropic_replacement(std::string_view value, const FinishReasonMap& map) {
  if (auto said = from_map(value, map); !said.empty()) return said;
  return value == "sensitive" ? "refusal" : "";
}

}  // namespace siltgate::stream
