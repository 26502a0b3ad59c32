// SPDX-License-Identifier: Apache-2.0
// Rules of Anthropic message streams.
#include <algorithm>
#include <vector>

#include "stream/dialect_rules.hpp"
#include "stream/tool_arguments.hpp"

namespace siltgate::stream {
namespace {

constexpr std::size_t most_blocks = 256;   // open at once; once there are so many nothing is said of pieces

class AnthropicRules final : public DialectRules {
 public:
  explicit AnthropicRules(const FinishReasonMap& map) : map_(map) {}

  void check(const ChunkFacts& facts, std::string_view name, Faults& faults) const override {
    if (const char* wrong = shape_fault(facts, name)) {
      faults.push_back({Check::shape, wrong, 0, false, 0, {}});
      return;
    }
    if (const char* why = splice_fault(facts)) faults.push_back({Check::splice, why, 0, false, 0, {}});
    check_stop_reason(facts.stop_reason, faults);
  }

  void accept(const ChunkFacts& facts, Faults& faults) override {
    note_usage(facts);
    if (facts.type == "message_start") {
      open_ = true;
      said_.ended = false;
      last_block_ = -1;
      blocks_.clear();
      if (said_.id.empty()) said_.id = facts.message_id;
    } else if (facts.type == "content_block_start") {
      last_block_ = facts.index.value_or(0);
      if (blocks_.size() < most_blocks) blocks_.push_back(last_block_);
    } else if (facts.type == "content_block_delta") {
      take_arguments(facts);
    } else if (facts.type == "content_block_stop") {
      if (blocks_.size() < most_blocks) std::erase(blocks_, facts.index.value_or(0));
      tools_.finish(facts.index.value_or(0), faults);
    } else if (facts.type == "message_delta" && !facts.stop_reason.value.empty()) {
      said_.finish_reason = facts.stop_reason.value;
    } else if (facts.type == "message_stop") {
      open_ = false;
      said_.ended = true;
      tools_.finish(-1, faults);
    }
  }

  void withhold(const ChunkFacts* facts) override {
    if (!facts || facts->type != "message_stop") return;
    open_ = true;
    said_.ended = false;
  }

  bool repeatable(const ChunkFacts& facts) const override {
    return facts.type == "content_block_delta" && facts.outputs.size() == 1 &&
           facts.outputs[0].channel != Output::Channel::arguments && facts.delta_type != "input_json_delta";
  }

 private:
  static bool is_block_event(std::string_view type) {
    return type == "content_block_start" || type == "content_block_delta" || type == "content_block_stop";
  }

  static const char* shape_fault(const ChunkFacts& facts, std::string_view name) {
    if (facts.root != Shape::object) return "the payload is not an object";
    if (is_provider_error(facts, name)) return nullptr;
    if (facts.type.empty())
      return name.empty() || name.starts_with("message_") || is_block_event(name) ? "an event has no type" : nullptr;
    if (facts.type == "message_start" && facts.message != Shape::object) return "message_start has no message";
    if (is_block_event(facts.type) && !facts.index) return "a content block event has no index";
    if (facts.type == "content_block_delta" && facts.delta != Shape::object) return "a content block delta is no object";
    return nullptr;
  }

  bool is_open(int block) const {
    return blocks_.size() == most_blocks || std::find(blocks_.rbegin(), blocks_.rend(), block) != blocks_.rend();
  }

  /// 1. A message starts while one is open. 2. A block starts with the number of an earlier one. 3. A piece of a block that has not
  /// begun or is complete.
  /// A message that follows a complete one is not inside it.
  const char* splice_fault(const ChunkFacts& facts) const {
    if (facts.type == "message_start" && open_) return "a second message_start inside the first message";        // 1
    if (facts.type == "content_block_start" && *facts.index <= last_block_) return "a content block starts again";  // 2
    if (facts.type == "content_block_delta" && !is_open(*facts.index)) return "a delta of a content block that is not open";  // 3
    return nullptr;
  }

  void check_stop_reason(const Text& reason, Faults& faults) const {
    if (reason.value.empty()) return;
    const bool in_place = reason.at != std::string_view::npos;
    const std::size_t at = in_place ? reason.at : 0;
    if (is_broken_off(reason.value)) {
      faults.push_back({Check::finish, "the provider broke off the response (stop_reason network_error or error)", at,
                        false, 0, {}});
      return;
    }
    std::string other = anthropic_replacement(reason.value, map_);
    if (other.empty()) return;
    faults.push_back({Check::finish_reason, "stop_reason has a value that clients do not know", at, false,
                      reason.value.size(), in_place ? std::move(other) : std::string{}});
  }

  void take_arguments(const ChunkFacts& facts) {
    if (facts.delta_type != "input_json_delta") return;
    const int block = facts.index.value_or(0);
    tools_.begin(block, block, {});
    for (const Output& output : facts.outputs) tools_.write(block, block, output.text);
  }

  const FinishReasonMap& map_;
  bool open_ = false;
  int last_block_ = -1;
  std::vector<int> blocks_;   // open ones
  ToolArguments tools_;
};

}  // namespace

std::unique_ptr<DialectRules> make_anthropic_rules(const FinishReasonMap& map) {
  return std::make_unique<AnthropicRules>(map);
}

}  // namespace siltgate::stream
