// SPDX-License-Identifier: Apache-2.0
// Rules of OpenAI chat completion streams, as some thirty providers really send them.
#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <functional>

#include "stream/dialect_rules.hpp"
#include "stream/tool_arguments.hpp"

namespace siltgate::stream {
namespace {

/// Seconds that `created` may fall back or jump ahead between two chunks of one response. Several providers write the
/// time of each chunk there, so it creeps; no stream is silent for ten minutes.
constexpr std::int64_t created_back = 1;
constexpr std::int64_t created_ahead = 600;
constexpr std::int64_t milliseconds_since = 100'000'000'000;  // larger values are milliseconds

struct ChoiceState {
  int index = 0;
  bool role = false;           // a role has started it
  bool output_since = false;   // a chunk without a role has carried output since
  std::uint32_t finished = 0;  // how often
};

class ChatRules final : public DialectRules {
 public:
  explicit ChatRules(const FinishReasonMap& map) : map_(map) {}

  void check(const ChunkFacts& facts, std::string_view name, Faults& faults) const override {
    if (is_provider_error(facts, name)) return;
    if (const char* wrong = shape_fault(facts, name)) {
      faults.push_back({Check::shape, wrong, 0, false, 0, {}});
      return;
    }
    if (const char* why = splice_fault(facts)) faults.push_back({Check::splice, why, 0, false, 0, {}});
    for (std::size_t i = 0; i < facts.choice_count; ++i) check_finish_reason(facts.choice_list[i], faults);
  }

  void accept(const ChunkFacts& facts, Faults& faults) override {
    take_id(facts);
    if (facts.created.value_or(0) > 0) created_ = *facts.created;
    note_usage(facts);
    usage_ |= facts.usage == Shape::object;
    for (std::size_t i = 0; i < facts.choice_count; ++i) take_choice(facts.choice_list[i]);
    for (const Output& output : facts.outputs)
      if (output.channel == Output::Channel::arguments) take_arguments(facts, output);
    for (std::size_t i = 0; i < facts.choice_count; ++i)
      if (!facts.choice_list[i].finish_reason.value.empty()) tools_.finish(facts.choice_list[i].index, faults);
    said_.ended = all_finished();
  }

  void withhold(const ChunkFacts* facts) override {
    for (std::size_t i = 0; facts && i < facts->choice_count; ++i) {
      if (facts->choice_list[i].finish_reason.value.empty()) continue;
      --at(facts->choice_list[i].index).finished;
      withheld_ = true;
    }
    said_.ended = all_finished();
  }

  /// The number of chunks with this id only matters up to two. Arguments of tools are followed piece by piece.
  bool repeatable(const ChunkFacts& facts) const override {
    return facts.outputs.size() == 1 && facts.outputs[0].channel != Output::Channel::arguments && facts.choice_count == 1 &&
           facts.choice_list[0].calls.empty() && facts.choice_list[0].finish_reason.value.empty() && facts.type.empty() &&
           (facts.id.empty() || id_count_ >= 2);
  }

  /// A turn of tool calls that was billed and closed with [DONE] but never got a finish reason (seen in the wild) is
  /// complete: the client goes on with the calls. Text without a finish reason is not.
  void done(Faults& faults) override {
    if (said_.ended) return;
    Faults wrong;
    if (usage_ && tools_.any_seen()) tools_.finish(-1, wrong);
    if (!usage_ || !tools_.any_seen() || withheld_ || !wrong.empty()) return DialectRules::done(faults);
    said_.ended = true;
    faults.push_back({Check::finish, "tool calls ended with usage and [DONE] but no finish_reason", 0, true, 0, {}});
  }

 private:
  static bool is_named_extra(std::string_view name) { return !name.empty() && name != "message"; }

  static const char* shape_fault(const ChunkFacts& facts, std::string_view name) {
    if (facts.root != Shape::object) return "the payload is not an object";
    if (facts.choices == Shape::absent && is_named_extra(name)) return nullptr;
    if (facts.too_many) return "more choices or tool calls than a chunk can have";
    if (facts.choices == Shape::absent || facts.choices == Shape::null)
      return facts.usage == Shape::object || facts.object.starts_with("chat.completion") ? nullptr : "a chunk has no choices";
    if (facts.choices != Shape::array) return "choices is not an array";
    for (std::size_t i = 0; i < facts.choice_count; ++i)
      if (const char* wrong = choice_fault(facts.choice_list[i])) return wrong;
    return nullptr;
  }

  static const char* choice_fault(const Choice& choice) {
    if (choice.shape != Shape::object) return "a choice is not an object";
    if (choice.index_shape > Shape::null && (choice.index_shape != Shape::number || choice.index < 0))
      return "the index of a choice is not a number";
    if (choice.delta > Shape::null && choice.delta != Shape::object) return "the delta of a choice is not an object";
    if (choice.finish_shape > Shape::null && choice.finish_shape != Shape::string)
      return "finish_reason is not a string";
    return nullptr;
  }

  /// Signs of a second response, in this order:
  /// 1. `id` changes after two chunks had the same one. (A provider with a new id for every chunk never had that.)
  /// 2. `id` changes after one chunk that was more than a bare role, and the new one starts with a role.
  /// 3. An id comes back after another one: two responses took turns. (Kept of the first two, which tells two responses.)
  /// 4. `created` falls back, or leaps ahead by more than any silence lasts.
  /// 5. A choice starts again: a role with nothing else, after chunks without a role had carried output.
  const char* splice_fault(const ChunkFacts& facts) const {
    const bool other_id = !facts.id.empty() && !id_.empty() && facts.id != id_;
    if (other_id && id_count_ >= 2) return "id changes in the middle of the response";  // 1
    if (other_id && ids_ == 1 && !bare_role_ && starts_with_role(facts))                // 2
      return "id changes and a role starts again";
    if (other_id && ids_ >= 2 && is_first_id(facts.id)) return "an earlier id comes back in the middle of the response";  // 3
    if (!other_id && created_leaps(facts)) return "created changes in the middle of the response";  // 4
    for (std::size_t i = 0; i < facts.choice_count; ++i) {                                         // 5
      const Choice& choice = facts.choice_list[i];
      const ChoiceState* state = find(choice.index);
      if (state && state->role && state->output_since && choice.role && !choice.output && choice.calls.empty() &&
          choice.finish_reason.value.empty())
        return "a second role start in the middle of the response";
    }
    return nullptr;
  }

  bool is_first_id(std::string_view id) const {
    const std::size_t hash = std::hash<std::string_view>{}(id);
    return hash == first_ids_[0] || hash == first_ids_[1];
  }

  static bool starts_with_role(const ChunkFacts& facts) { return facts.choice_count > 0 && facts.choice_list[0].role; }

  bool created_leaps(const ChunkFacts& facts) const {
    const std::int64_t now = facts.created.value_or(0);
    if (now <= 0 || created_ <= 0) return false;
    const std::int64_t unit = created_ > milliseconds_since ? 1000 : 1;
    if (now < created_) return created_ - now > created_back * unit;
    return now - created_ > created_ahead * unit;
  }

  void check_finish_reason(const Choice& choice, Faults& faults) const {
    const std::string_view value = choice.finish_reason.value;
    if (value.empty() || is_chat_finish_reason(value)) return;
    const std::size_t at = choice.finish_reason.at == std::string_view::npos ? 0 : choice.finish_reason.at;
    if (is_broken_off(value)) {
      faults.push_back({Check::finish, "the provider broke off the response (finish_reason network_error or error)", at,
                        false, 0, {}});
      return;
    }
    const bool in_place = choice.finish_reason.at != std::string_view::npos;
    faults.push_back({Check::finish_reason, "finish_reason has a value that clients do not know", at, false,
                      value.size(), in_place ? chat_replacement(value, map_) : std::string{}});
  }

  void take_id(const ChunkFacts& facts) {
    if (said_.id.empty() && !facts.id.empty()) said_.id = facts.id;
    if (facts.id.empty()) return;
    if (facts.id == id_) {
      ++id_count_;
    } else {
      id_ = facts.id;
      id_count_ = 1;
      if (ids_ < first_ids_.size()) first_ids_[ids_] = std::hash<std::string_view>{}(id_);
      ++ids_;
      bare_role_ = facts.choice_count == 0 || facts.choice_list[0].only_role;
    }
  }

  void take_choice(const Choice& choice) {
    if (choice.delta == Shape::absent && choice.message == Shape::absent && choice.finish_reason.value.empty())
      return;  // notes about the prompt or the filter, not an answer
    ChoiceState& state = at(choice.index);
    if (choice.role) {
      state.role = true;
      state.output_since = false;
    } else if (choice.output || !choice.calls.empty()) {
      state.output_since = true;
    }
    for (std::size_t i = 0; i < choice.calls.size(); ++i) tools_.begin(choice.index, number(choice, i), choice.calls[i].id);
    if (choice.finish_reason.value.empty()) return;
    ++state.finished;
    if (said_.finish_reason.empty()) said_.finish_reason = choice.finish_reason.value;
  }

  void take_arguments(const ChunkFacts& facts, const Output& output) {
    for (std::size_t i = 0; i < facts.choice_count; ++i)
      if (facts.choice_list[i].index == output.choice)
        return tools_.write(output.choice, number(facts.choice_list[i], static_cast<std::size_t>(output.call)), output.text);
  }

  static int number(const Choice& choice, std::size_t position) {
    if (position >= choice.calls.size()) return static_cast<int>(position);
    const int said = choice.calls[position].index;
    return said >= 0 ? said : static_cast<int>(position);
  }

  bool all_finished() const {
    return !choices_.empty() &&
           std::all_of(choices_.begin(), choices_.end(), [](const ChoiceState& choice) { return choice.finished > 0; });
  }
  const ChoiceState* find(int index) const {
    for (const ChoiceState& choice : choices_)
      if (choice.index == index) return &choice;
    return nullptr;
  }
  ChoiceState& at(int index) {
    for (ChoiceState& choice : choices_)
      if (choice.index == index) return choice;
    if (choices_.size() == 1024) return choices_.back();  // no request asks for so many
    choices_.push_back({index, false, false, 0});
    return choices_.back();
  }

  std::int64_t created_ = 0;
  std::uint32_t id_count_ = 0;  // chunks in a row that had id_
  std::uint32_t ids_ = 0;       // different ids so far
  bool bare_role_ = true;       // the first chunk with this id was no more than a role
  bool usage_ = false;
  bool withheld_ = false;       // a finish reason came and was not delivered
  std::string id_;              // of the last chunk that had one
  std::array<std::size_t, 2> first_ids_{};   // hashes
  boost::container::small_vector<ChoiceState, 1> choices_;
  ToolArguments tools_;
  const FinishReasonMap& map_;
};

}  // namespace

std::unique_ptr<DialectRules> make_chat_rules(const FinishReasonMap& map) { return std::make_unique<ChatRules>(map); }

}  // namespace siltgate::stream
