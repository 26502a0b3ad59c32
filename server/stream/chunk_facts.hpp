// SPDX-License-Identifier: Apache-2.0
// What one JSON payload of a stream says, as far as the checks need it. All dialects in one record: the reader fills
// what it meets, the dialect decides what it means. Views point into the payload or into the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace siltgate::stream {

/// The JSON type of a member; absent when it did not occur.
enum class Shape : std::uint8_t { absent, null, boolean, number, string, array, object };

/// A string value with its place in the payload, npos when it was written with escapes.
struct Text {
  std::string_view value;
  std::size_t at = std::string_view::npos;
};

/// One piece of decoded model output, in the order of the payload. What further checks of the text read.
struct Output {
  enum class Channel : std::uint8_t { content, reasoning, arguments } channel;
  int choice;             // index of the choice (chat), output item (responses) or block (anthropic)
  int call;               // arguments of a chat chunk: position in Choice::calls
  std::string_view text;  // decoded
};

/// An entry of delta.tool_calls.
struct ToolCall {
  int index = -1;  // -1 = not said
  std::string_view id;
  bool named = false;
};

/// An entry of choices, but for its tool calls.
struct ChoiceFacts {
  int index = 0;
  Shape shape = Shape::absent;
  Shape index_shape = Shape::absent;
  Shape delta = Shape::absent;
  Shape message = Shape::absent;
  Shape finish_shape = Shape::absent;
  Text finish_reason;
  bool role = false;          // delta.role is a string with text
  bool only_role = true;      // delta has no member but role
  bool output = false;        // delta carries text, reasoning or tool calls
};

struct Choice : ChoiceFacts {
  std::vector<ToolCall> calls;

  /// Forgets what it was; keeps the memory of the list.
  void clear();
};

/// What stands once in a payload.
struct PayloadFacts {
  Shape root = Shape::absent;
  bool duplicate_key = false;   // among the members of the root
  std::string_view id, object, type, status;
  std::optional<std::int64_t> created, sequence, input_tokens, output_tokens;
  Shape error = Shape::absent;   // of the root
  bool error_says = false;       // it holds a text, a number but 0, true, or something that is nested deeper than these
  Shape code = Shape::absent;    // {"code":500,"msg":…} in place of an answer
  std::int64_t code_number = 0;
  bool says_message = false;     // "msg" or "message" of the root is a string
  bool success_false = false;
  Shape choices = Shape::absent;
  Shape usage = Shape::absent;
  Shape message = Shape::absent;   // anthropic message_start
  Shape content = Shape::absent;   // whole anthropic body
  Shape output_list = Shape::absent;  // whole responses body
  Shape delta = Shape::absent;
  std::optional<int> index;        // anthropic block, responses output_index
  std::string_view message_id;     // anthropic message.id, responses response.id
  Shape response = Shape::absent;
  Shape response_error = Shape::absent;
  Text stop_reason;                // anthropic delta.stop_reason
  std::string_view delta_type;     // anthropic delta.type
  std::size_t choice_count = 0;
  bool too_many = false;           // more choices or tool calls than a chunk can have; the rest was not noted
};

struct ChunkFacts : PayloadFacts {
  std::vector<Choice> choice_list; // the first choice_count entries are of this payload
  std::vector<Output> outputs;
  std::vector<Output> whole_outputs;  // texts that came complete: of a body that is not streamed

  /// Forgets the last payload; keeps the memory of the lists.
  void clear();
};

}  // namespace siltgate::stream
