// SPDX-License-Identifier: Apache-2.0
#include "stream/dialect_rules.hpp"

namespace siltgate::stream {

void DialectRules::done(Faults& faults) {
  if (!said_.ended)
    faults.push_back({Check::finish, "[DONE] came before the proper end of the response", 0, false, 0, {}});
}

void DialectRules::note_usage(const ChunkFacts& facts) {
  if (facts.input_tokens) said_.usage.input_tokens = *facts.input_tokens;
  if (facts.output_tokens) said_.usage.output_tokens = *facts.output_tokens;
}

std::unique_ptr<DialectRules> make_rules(Dialect dialect, const FinishReasonMap& map) {
  switch (dialect) {
    case Dialect::openai_chat: return make_chat_rules(map);
    case Dialect::openai_responses: return make_responses_rules();
    case Dialect::anthropic_messages: return make_anthropic_rules(map);
    case Dialect::none: break;
  }
  return nullptr;
}

namespace {

/// A piece of an answer, or a whole one. It need not have a text.
bool holds_answer(const ChunkFacts& facts) {
  if (facts.choices > Shape::null || facts.usage == Shape::object || facts.content == Shape::array || facts.output_list == Shape::array)
    return true;
  if (facts.delta > Shape::null || facts.message == Shape::object || facts.response == Shape::object) return true;
  return facts.type == "ping" || facts.type.starts_with("message") || facts.type.starts_with("content_block_") ||
         facts.type.starts_with("response.");
}

}  // namespace

/// 1. Some gateways write an empty error into every piece of a good answer: "", {}, {"message":"","code":null}. Alone it is one.
bool is_provider_error(const ChunkFacts& facts, std::string_view name) {
  if (name == "error" || facts.type == "response.failed" || (facts.type == "error" && facts.choice_count == 0)) return true;
  if (facts.error > Shape::null) {  // 1
    if (facts.error_says) return true;
    if (facts.error >= Shape::string && !holds_answer(facts)) return true;
  }
  if (facts.root != Shape::object || facts.choices != Shape::absent || !facts.says_message) return false;
  return facts.success_false || facts.code == Shape::string || facts.code_number >= 400 || facts.object == "error" ||
         facts.type.ends_with("_error");
}

bool is_shown_error(Dialect dialect, const ChunkFacts& facts, std::string_view name) {
  const bool object = facts.error == Shape::object || facts.error == Shape::string;
  if (dialect == Dialect::anthropic_messages) return name == "error" && facts.type == "error" && object;
  if (dialect == Dialect::openai_responses) return facts.type == "error" || facts.type == "response.failed" || object;
  return object;
}

std::string whole_body_fault(Dialect dialect, const ChunkFacts& facts) {
  if (facts.root != Shape::object) return "the body is not an object";
  if (is_provider_error(facts, "")) return {};
  if (dialect == Dialect::openai_chat && facts.choices != Shape::array) return "a chat completion has no choices";
  if (dialect == Dialect::openai_responses && facts.output_list != Shape::array) return "a response has no output";
  if (dialect == Dialect::anthropic_messages && facts.content != Shape::array && !facts.input_tokens)
    return "a message has no content";
  return {};
}

}  // namespace siltgate::stream
