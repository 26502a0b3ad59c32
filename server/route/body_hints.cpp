// SPDX-License-Identifier: Apache-2.0
#include "route/body_hints.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "route/json_cursor.hpp"

namespace siltgate::route {
namespace {

constexpr std::size_t model_bound = 256;
constexpr std::size_t looked_at = 64 << 10;  // of a first message, for the title mark
constexpr std::string_view value_ends = ",]} \t\r\n";
constexpr std::string_view title_mark = "\"You are a title generator";

/// Behind a number or a word.
bool ends_value(char c) { return value_ends.find(c) != value_ends.npos; }

/// Does some string in `value` start with the title text? A quoted mention of it has a backslash before its quote.
bool starts_title(std::string_view value) {
  value = value.substr(0, looked_at);
  auto at = value.find(title_mark);
  return at != value.npos && (at == 0 || value[at - 1] != '\\');
}

/// The first element of a list of messages, when it is a system text. Looks no further than it has to.
bool title_in_messages(std::string_view value) {
  JsonCursor cursor(value);
  if (!cursor.take('[')) return false;
  cursor.skip_space();
  const std::string_view rest = cursor.rest(), seen = rest.substr(0, looked_at);
  if (seen.empty() || ends_value(seen.front())) return false;
  auto first = JsonCursor(seen).take_value();
  const std::string_view text = first ? *first : seen;
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

/// False when there is nothing else yet.
bool BodyHintsReader::skip_space(std::string_view body) {
  at_ = std::min(body.find_first_not_of(" \n\r\t", at_), body.size());
  return at_ < body.size();
}

/// Each step says which comes next, itself where it needs more of the body.
void BodyHintsReader::walk(std::string_view body, bool complete) {
  for (Step before = Step::over; step_ != before && step_ != Step::over;) {
    before = step_;
    switch (step_) {
      case Step::object: step_ = take_object(body); break;
      case Step::name: step_ = take_name(body, complete); break;
      case Step::value: step_ = begin_value(body); break;
      case Step::inside: step_ = end_value(body); break;
      case Step::after: step_ = take_comma(body); break;
      case Step::over: break;
    }
  }
}

BodyHintsReader::Step BodyHintsReader::take_object(std::string_view body) {
  if (!skip_space(body)) return Step::object;
  return body[at_++] == '{' ? Step::name : Step::over;
}

BodyHintsReader::Step BodyHintsReader::take_name(std::string_view body, bool complete) {
  if (!complete && body.size() < worth_trying_) return Step::name;
  worth_trying_ = body.size() * 2;
  if (!skip_space(body)) return Step::name;
  if (body[at_] != '"') return Step::over;
  JsonCursor cursor(body.substr(at_));
  const auto name = cursor.take_string();
  if (!name) return Step::name;
  cursor.skip_space();
  if (cursor.rest().empty()) return Step::name;
  if (!cursor.take(':')) return Step::over;
  const bool escaped = name->find('\\') != name->npos;
  name_ = escaped ? unescape(*name, 64) : std::string(name->substr(0, 64));
  at_ = body.size() - cursor.rest().size();
  worth_trying_ = 0;
  return Step::value;
}

BodyHintsReader::Step BodyHintsReader::begin_value(std::string_view body) {
  if (!skip_space(body)) return Step::value;
  begin_ = at_;
  const char c = body[at_];
  kind_ = c == '"' ? Kind::string : c == '{' || c == '[' ? Kind::container : Kind::word;
  if (kind_ == Kind::word) return ends_value(c) ? Step::over : Step::inside;
  container_ = {};
  ++at_;
  return Step::inside;
}

BodyHintsReader::Step BodyHintsReader::end_value(std::string_view body) {
  const std::size_t end = kind_ == Kind::string      ? string_end(body, begin_ + 1, at_)
                          : kind_ == Kind::container ? container_.end(body, at_)
                                                     : body.find_first_of(value_ends, at_);
  at_ = std::min(end, body.size());
  if (end == body.npos) return Step::inside;  // a number or word may go on behind the cut
  read_member(name_, body.substr(begin_, end - begin_), hints_);
  return Step::after;
}

BodyHintsReader::Step BodyHintsReader::take_comma(std::string_view body) {
  if (!skip_space(body)) return Step::after;
  return body[at_++] == ',' ? Step::name : Step::over;
}

BodyHints BodyHintsReader::finish(std::string_view body) {
  walk(body, true);
  hints_.rough_tokens = static_cast<std::int64_t>(body.size() / 4);
  return std::move(hints_);
}

BodyHints read_body_hints(std::string_view body) { return BodyHintsReader().finish(body); }

}  // namespace siltgate::route
