// SPDX-License-Identifier: Apache-2.0
// Rules of OpenAI Responses streams.
#include "stream/dialect_rules.hpp"
#include "stream/tool_arguments.hpp"

namespace siltgate::stream {
namespace {

bool is_end(std::string_view type) {
  return type == "response.completed" || type == "response.incomplete" || type == "response.failed";
}

bool carries_response(std::string_view type) {
  return is_end(type) || type == "response.created" || type == "response.in_progress" || type == "response.queued";
}

class ResponsesRules final : public DialectRules {
 public:
  void check(const ChunkFacts& facts, std::string_view name, Faults& faults) const override {
    if (const char* wrong = shape_fault(facts, name)) {
      faults.push_back({Check::shape, wrong, 0, false, 0, {}});
      return;
    }
    if (const char* why = splice_fault(facts)) faults.push_back({Check::splice, why, 0, false, 0, {}});
  }

  void accept(const ChunkFacts& facts, Faults& faults) override {
    if (facts.type == "response.created") {
      open_ = true;
      said_.ended = false;
      id_ = facts.message_id;
      sequence_ = -1;
    }
    if (said_.id.empty()) said_.id = facts.message_id;
    if (id_.empty()) id_ = facts.message_id;
    if (facts.sequence) sequence_ = *facts.sequence;
    note_usage(facts);
    take_arguments(facts, faults);
    if (!is_end(facts.type)) return;
    open_ = false;
    said_.ended = true;
    said_.finish_reason = facts.type.substr(std::string_view("response.").size());
  }

  void withhold(const ChunkFacts* facts) override {
    if (!facts || !is_end(facts->type)) return;
    open_ = true;
    said_.ended = false;
  }

  /// Every event has a number of its own.
  bool repeatable(const ChunkFacts&) const override { return false; }

 private:
  static const char* shape_fault(const ChunkFacts& facts, std::string_view name) {
    if (facts.root != Shape::object) return "the payload is not an object";
    if (is_provider_error(facts, name)) return nullptr;
    if (facts.type.empty()) return name.empty() || name.starts_with("response.") ? "an event has no type" : nullptr;
    if (carries_response(facts.type) && facts.response != Shape::object) return "an event has no response object";
    return nullptr;
  }

  /// 1. A response starts while one is open. 2. The id of the response changes. 3. The sequence number falls back.
  /// A response that follows a complete one is not inside it.
  const char* splice_fault(const ChunkFacts& facts) const {
    if (facts.type == "response.created") return open_ ? "a second response starts inside the first" : nullptr;  // 1
    if (!facts.message_id.empty() && !id_.empty() && facts.message_id != id_)                                    // 2
      return "the id of the response changes";
    if (facts.sequence && *facts.sequence < sequence_) return "the sequence number falls back";                  // 3
    return nullptr;
  }

  void take_arguments(const ChunkFacts& facts, Faults& faults) {
    const int item = facts.index.value_or(0);
    if (facts.type == "response.function_call_arguments.delta") {
      tools_.begin(item, item, {});
      for (const Output& output : facts.outputs) tools_.write(item, item, output.text);
    } else if (facts.type == "response.function_call_arguments.done") {
      tools_.finish(item, faults);   // others may go on beside it
    } else if (is_end(facts.type)) {
      tools_.finish(-1, faults);
    }
  }

  bool open_ = false;
  std::string id_;
  std::int64_t sequence_ = -1;
  ToolArguments tools_;
};

}  // namespace

std::unique_ptr<DialectRules> make_responses_rules() { return std::make_unique<ResponsesRules>(); }

}  // namespace siltgate::stream
