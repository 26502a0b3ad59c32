// SPDX-License-Identifier: Apache-2.0
#include "stream/garble_token_names.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace siltgate::stream {
namespace {

/// Tags that are no HTML and no common XML. <s> is HTML, but only </s> ends a text.
constexpr std::array<std::string_view, 13> tags{"think",        "tool_call",     "tool_calls",     "tool_response", "arg_key",
                                                "arg_value",    "function_call", "function_calls", "tool_sep",      "tool_code",
                                                "minimax:tool_call", "seed:tool_call", "seed:think"};
constexpr std::array<std::string_view, 9> singles{"eos", "bos", "pad", "unk", "sop", "eop", "end_of_turn", "mask", "gmask"};

std::uint8_t key_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return static_cast<std::uint8_t>((hash >> 16 ^ hash) & 31);
}

bool contains(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

/// "begin_of_box" and "end_of_box" become "box".
std::string stem(std::string_view name) {
  std::string out(name);
  for (std::string_view word : {"begin", "start", "end", "of", "_"})
    for (std::size_t at; (at = out.find(word)) != std::string::npos;) out.erase(at, word.size());
  return out;
}

/// <|name|>. `assistant`, `user` and their like begin a turn, and so do im_start and the parts of a harmony header. `tool_calls_begin`
/// (DeepSeek) and `tool_calls_section_begin` (Kimi) hold calls as <tool_call> holds arguments.
Token special(std::string_view name) {
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.size() < 2 || !std::all_of(name.begin(), name.end(), is_name)) return {};
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  const bool tool = contains(lower, "tool") || contains(lower, "call");
  if (lower == "endoftext" || lower == "eot_id" || lower == "eom_id") return {TokenRole::single, false, false, false, key_of(lower)};
  for (std::string_view word : {"assistant", "user", "system", "developer", "observation", "im_start", "start_header_id", "channel", "message"})
    if (lower == word) return {TokenRole::turn, false, false, false, key_of(stem(lower))};
  if (contains(lower, "begin") || contains(lower, "start"))
    return {TokenRole::opens, tool, contains(lower, "tool_calls"), false, key_of(stem(lower))};
  if (contains(lower, "end")) return {TokenRole::closes, tool, false, false, key_of(stem(lower))};
  return {TokenRole::single, false, false, false, key_of(lower)};
}

Token bracketed(std::string_view name) {
  if (name == "INST" || name == "SYSTEM_PROMPT") return {TokenRole::turn, false, false, false, key_of(name)};
  if (name == "/INST") return {TokenRole::closes, false, false, false, key_of("INST")};
  if (name == "TOOL_CALLS" || name == "gMASK") return {TokenRole::single, false, false, false, key_of(name)};
  return {};
}

Token tag(std::string_view name) {
  const bool closes = name.starts_with('/');
  if (closes) name.remove_prefix(1);
  if (std::find(tags.begin(), tags.end(), name) != tags.end()) {
    const bool tool = !contains(name, "think");
    return {closes ? TokenRole::closes : TokenRole::opens, tool, name == "tool_call", closes && !tool, key_of(name)};
  }
  if (closes && name == "s") return {TokenRole::single, false, false, false, key_of(name)};
  if (!closes && (std::find(singles.begin(), singles.end(), name) != singles.end() || (name.starts_with("0x") && name.size() == 4)))
    return {TokenRole::single, false, false, false, key_of(name)};
  return {};
}

}  // namespace

Token token_of(std::string_view text) {
  if (text.size() < 3) return {};
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (text.front() == '[') return bracketed(inner);
  if (inner.size() > 2 && inner.front() == '|' && inner.back() == '|') return special(inner.substr(1, inner.size() - 2));
  return tag(inner);
}

}  // namespace siltgate::stream
