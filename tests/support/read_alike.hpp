// SPDX-License-Identifier: Apache-2.0
// Reads a payload twice, as every event is read and by the parser alone, and says where the two differ.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stream/chunk_reader.hpp"
#include "stream/sound_chunk.hpp"

namespace siltgate::stream::test {

/// Everything that facts say, as text.
class Written {
 public:
  explicit Written(const ChunkFacts& facts) {
    all(facts.root, facts.duplicate_key, facts.id, facts.object, facts.type, facts.status, facts.created, facts.sequence,
        facts.input_tokens, facts.output_tokens, facts.error, facts.error_says, facts.code, facts.code_number, facts.says_message,
        facts.success_false, facts.choices, facts.usage, facts.message, facts.content, facts.output_list, facts.delta, facts.index,
        facts.message_id, facts.response, facts.response_error, facts.stop_reason, facts.delta_type, facts.choice_count,
        facts.too_many);
    for (std::size_t i = 0; i < facts.choice_count; ++i) write(facts.choice_list[i]);
    for (const auto* list : {&facts.outputs, &facts.whole_outputs})
      for (const Output& output : *list) all(output.channel, output.choice, output.call, output.text);
  }
  std::string text;

 private:
  template <class... Parts>
  void all(const Parts&... parts) { (write(parts), ...); }
  void write(std::string_view part) { (text += '<').append(part) += '>'; }
  void write(const Text& part) {
    write(part.value);
    write(part.at);
  }
  template <class Number>
  void write(const std::optional<Number>& part) { part ? write(*part) : write(std::string_view("none")); }
  template <class Number>
  void write(Number part) { write(std::string_view(std::to_string(static_cast<long long>(part)))); }
  void write(const Choice& choice) {
    all(choice.index, choice.shape, choice.index_shape, choice.delta, choice.message, choice.finish_shape, choice.finish_reason,
        choice.role, choice.only_role, choice.output);
    for (const ToolCall& call : choice.calls) all(call.index, call.id, call.named);
  }
};

struct BothReadings {
  bool fast = false;    // the fast reader took it
  std::string usual, parsed;
};

inline BothReadings read_twice(std::string_view payload) {
  static ChunkReader usual, parser;
  const auto said = [](const ChunkReader& reader, const ChunkReader::Result& result) {
    return std::to_string(result.sound) + " at " + std::to_string(result.fault_at) + ": " + result.reason +
           (result.sound ? Written(reader.facts()).text : "");
  };
  BothReadings both;
  ChunkFacts facts;
  std::string decoded;
  both.fast = read_sound_chunk(payload, facts, decoded);
  const auto first = usual.read(payload);
  both.usual = said(usual, first);
  const auto second = parser.parse(payload);
  both.parsed = said(parser, second);
  return both;
}

}  // namespace siltgate::stream::test
