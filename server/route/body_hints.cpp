// SPDX-License-Identifier: Apache-2.0
#include "route/body_hints.hpp"

#include <charconv>

#include "route/json_cursor.hpp"

namespace siltgate::route {
namespace {

constexpr std::size_t model_bound = 256;
constexpr std::size_t looked_at = 64 << 10;  // of a first message, for the title mark
constexpr std::string_view title_mark = "\"You are a title generator";

/// Does some string in `value` start with the title text? A quoted mention of it has a backslash before its quote.
bool starts_title(std::string_view value) {
  value = value.substr(0, looked_at);
  auto at = value.find(title_mark);
  return at != value.npos && (at == 0 || value[at - 1] != '\\');
}

/// The first element of a list of messages, when it is a system text.
bool title_in_messages(std::string_view value) {
  JsonCursor cursor(value);
  if (!cursor.take('[')) return false;
  auto first = cursor.take_value();
  if (!first) return false;
  auto text = first->substr(0, looked_at);
  bool system = text.find("\"system\"") != text.npos || text.find("\"developer\"") != text.npos;
  return system && starts_title(text);
}

bool filled_list(std::string_view value) {
  JsonCursor cursor(value);
  return cursor.take('[') && !cursor.take(']');
}

std::int64_t positive_number(std::string_view value) {
  std::int64_t number = -1;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() && number >= 0 ? number : -1;
}

void read_member(std::string_view name, std::string_view value, BodyHints& hints) {
  if (name == "model")
    hints.model = value.front() == '"' ? unescape(value.substr(1, value.size() - 2), model_bound) : std::string{};
  else if (name == "stream")
    hints.stream = value == "true";
  else if (name == "tools")
    hints.has_tools = filled_list(value);
  else if (name == "messages" || name == "input")  // Anthropic puts the system text beside the messages, in any order
    hints.title_prompt = hints.title_prompt || title_in_messages(value);
  else if (name == "system" || name == "instructions")
    hints.title_prompt = starts_title(value);
  else if (name == "max_tokens" || name == "max_completion_tokens" || name == "max_output_tokens")
    hints.max_tokens = positive_number(value);
}

}  // namespace

BodyHints read_body_hints(std::string_view body) {
  BodyHints hints;
  hints.rough_tokens = static_cast<std::int64_t>(body.size() / 4);
  JsonCursor cursor(body);
  if (!cursor.take('{')) return hints;
  do {
    auto name = cursor.take_string();
    if (!name || !cursor.take(':')) break;
    auto value = cursor.take_value();
    if (!value) break;
    bool escaped = name->find('\\') != name->npos;
    read_member(escaped ? unescape(*name, 64) : std::string(name->substr(0, 64)), *value, hints);
  } while (cursor.take(','));
  return hints;
}

}  // namespace siltgate::route
