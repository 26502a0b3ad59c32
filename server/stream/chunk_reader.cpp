// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_reader.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <limits>
#include <unordered_set>

#include "stream/chunk_members.hpp"
#include "stream/json_check.hpp"

namespace siltgate::stream {
namespace {

namespace json = boost::json;

constexpr std::size_t kept_scratch = 4096;  // memory a reader keeps between payloads
constexpr std::size_t most_keys = 4096;     // of the root; beyond, duplicates are not looked for
constexpr std::size_t most_entries = 1024;  // of choices and of tool_calls; beyond, the payload is no chunk

/// The root's member names, to find one that occurs twice. A filter of 64 bits answers nearly always.
class KeySet {
 public:
  void clear() {
    filter_ = 0;
    count_ = 0;
    if (!many_.empty()) many_.clear();
  }
  /// True when the key was there.
  bool add(std::string_view key) {
    const std::uint64_t bit = std::uint64_t{1} << (hash(key) & 63);
    const bool maybe = filter_ & bit;
    filter_ |= bit;
    if (count_ < few_.size()) {
      if (maybe)
        for (std::size_t i = 0; i < count_; ++i)
          if (few_[i] == key) return true;
      few_[count_++] = key;
      return false;
    }
    if (many_.empty()) many_.insert(few_.begin(), few_.end());
    if (many_.size() >= most_keys) return false;
    return !many_.insert(key).second;
  }

 private:
  static std::size_t hash(std::string_view key) {
    if (key.empty()) return 0;
    return key.size() * 7 + static_cast<unsigned char>(key.front()) * 5 + static_cast<unsigned char>(key.back()) * 3;
  }
  std::uint64_t filter_ = 0;
  std::size_t count_ = 0;
  std::array<std::string_view, 24> few_;
  std::unordered_set<std::string_view> many_;
};

/// Follows the parser through the payload and writes down what it meets.
class Notes {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
  using Piece = json::string_view;
  using Error = json::error_code;

  void begin(std::string_view payload, ChunkFacts& facts) {
    payload_ = payload;
    facts_ = &facts;
    depth_ = 0;
    node_ = Node::root;
    keys_.clear();
    scratch_.clear();
    part_ = 0;
    if (scratch_.capacity() > kept_scratch) scratch_.shrink_to_fit();
  }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    opened(Shape::object);
    return true;
  }
  bool on_array_begin(Error&) {
    opened(Shape::array);
    return true;
  }
  bool on_object_end(std::size_t, Error&) {
    closed();
    return true;
  }
  bool on_array_end(std::size_t, Error&) {
    closed();
    return true;
  }
  bool on_key_part(Piece part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_key(Piece part, std::size_t size, Error&) {
    const Node parent = depth_ > parents_.size() ? Node::other : parents_[depth_ - 1];
    if (parent == Node::other) {
      part_ = scratch_.size();
      return true;
    }
    const std::string_view key = whole(part, size);
    if (parent == Node::root && keys_.add(key)) facts_->duplicate_key = true;
    node_ = member(parent, key);
    if (parent == Node::choice_delta && node_ != Node::role) choice().only_role = false;
    return true;
  }
  bool on_string_part(Piece part, std::size_t, Error&) {
    append(part);
    return true;
  }
  bool on_string(Piece part, std::size_t size, Error&) {
    value(Shape::string);
    if (node_ == Node::other) part_ = scratch_.size();
    else text(whole(part, size));
    return true;
  }
  bool on_number_part(Piece, Error&) { return true; }
  bool on_int64(std::int64_t number, Piece, Error&) {
    value(Shape::number);
    note_number(number);
    return true;
  }
  bool on_uint64(std::uint64_t, Piece, Error&) {
    value(Shape::number);
    return true;
  }
  bool on_double(double number, Piece, Error&) {
    value(Shape::number);
    if (number > -9e18 && number < 9e18) note_number(static_cast<std::int64_t>(number));
    return true;
  }
  bool on_bool(bool truth, Error&) {
    value(Shape::boolean);
    if (node_ == Node::success && !truth) facts_->success_false = true;
    return true;
  }
  bool on_null(Error&) {
    value(Shape::null);
    return true;
  }
  bool on_comment_part(Piece, Error&) { return true; }
  bool on_comment(Piece, Error&) { return true; }

 private:
  Choice& choice() { return facts_->choice_list[facts_->choice_count - 1]; }

  /// Decoded text never grows beyond the payload, so views into the scratch stay valid.
  void append(Piece part) {
    if (scratch_.capacity() < payload_.size()) scratch_.reserve(payload_.size());
    scratch_.append(part.data(), part.size());
  }
  std::string_view whole(Piece last, std::size_t size) {
    if (last.size() == size && points_into_payload(last.data())) return {last.data(), last.size()};
    append(last);
    const std::string_view all = std::string_view(scratch_).substr(part_);
    part_ = scratch_.size();
    return all;
  }
  bool points_into_payload(const char* p) const {
    return std::less_equal<>()(payload_.data(), p) && std::less<>()(p, payload_.data() + payload_.size());
  }
  Text placed(std::string_view text) const {
    if (!points_into_payload(text.data())) return {text, std::string_view::npos};
    return {text, static_cast<std::size_t>(text.data() - payload_.data())};
  }

  static bool is_list(Node node) {
    switch (node) {
      case Node::choices: case Node::tool_calls: case Node::message_calls: case Node::content: case Node::output:
      case Node::item_content: return true;
      default: return false;
    }
  }

  void opened(Shape shape) {
    // Entries of an array take their node from it; members have taken theirs from their key.
    value(shape);
    if (node_ == Node::choice && shape == Shape::object) begin_choice();
    if (node_ == Node::tool_call && shape == Shape::object) begin_call();
    const bool keep = shape == Shape::object || is_list(node_);
    if (depth_ < parents_.size()) {
      parents_[depth_] = keep ? node_ : Node::other;
      is_array_[depth_] = shape == Shape::array;
    }
    ++depth_;
  }
  void closed() {
    --depth_;
    if (depth_ < parents_.size()) node_ = parents_[depth_];
  }
  void begin_call() {
    if (choice().calls.size() < most_entries) choice().calls.emplace_back();
    else facts_->too_many = true;
  }
  void begin_choice() {
    if (facts_->choice_count == most_entries) {
      facts_->too_many = true;
      --facts_->choice_count;
    }
    if (facts_->choice_count == facts_->choice_list.size()) facts_->choice_list.emplace_back();
    ++facts_->choice_count;
    auto calls = std::move(choice().calls);
    calls.clear();
    choice() = Choice{};
    choice().calls = std::move(calls);
    choice().shape = Shape::object;
  }

  /// Called for every value before anything else: settles node_ and notes the type.
  void value(Shape shape) {
    if (depth_ == 0) {
      facts_->root = shape;
      node_ = Node::root;
      return;
    }
    if (depth_ > parents_.size()) node_ = Node::other;
    else if (is_array_[depth_ - 1]) node_ = entry(parents_[depth_ - 1]);
    if (node_ != Node::other) note_shape(shape);
  }

  void note_shape(Shape shape) {
    switch (node_) {
      case Node::error: facts_->error = shape; break;
      case Node::code: facts_->code = shape; break;
      case Node::choices: facts_->choices = shape; break;
      case Node::usage: facts_->usage = shape; break;
      case Node::message: facts_->message = shape; break;
      case Node::content: facts_->content = shape; break;
      case Node::output: facts_->output_list = shape; break;
      case Node::delta: facts_->delta = shape; break;
      case Node::response: facts_->response = shape; break;
      case Node::inner_error: facts_->response_error = shape; break;
      case Node::choice:
        if (shape == Shape::object) break;
        begin_choice();
        choice().shape = shape;
        break;
      case Node::choice_index: choice().index_shape = shape; break;
      case Node::choice_delta: choice().delta = shape; break;
      case Node::choice_message: choice().message = shape; break;
      case Node::finish_reason: choice().finish_shape = shape; break;
      default: break;
    }
  }

  void note_number(std::int64_t number) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    const int small = number >= 0 && number <= most ? static_cast<int>(number) : -1;
    switch (node_) {
      case Node::created:
      case Node::inner_created: facts_->created = number; break;
      case Node::sequence_number: facts_->sequence = number; break;
      case Node::code: facts_->code_number = number; break;
      case Node::index:
      case Node::output_index: facts_->index = small; break;
      case Node::choice_index: choice().index = small; break;
      case Node::call_index:
        choice().calls.back().index = small;
        break;
      case Node::input_tokens: facts_->input_tokens = number; break;
      case Node::output_tokens: facts_->output_tokens = number; break;
      default: break;
    }
  }

  void output(Output::Channel channel, std::string_view text, int of_choice, int call = -1) {
    if (!text.empty()) facts_->outputs.push_back({channel, of_choice, call, text});
  }

  void text(std::string_view text) {
    switch (node_) {
      case Node::id: facts_->id = text; break;
      case Node::object: facts_->object = text; break;
      case Node::type: facts_->type = text; break;
      case Node::status:
      case Node::inner_status: facts_->status = text; break;
      case Node::msg:
      case Node::message: facts_->says_message = true; break;
      case Node::inner_id: facts_->message_id = text; break;
      case Node::delta: output(Output::Channel::content, text, -1); break;
      case Node::delta_type: facts_->delta_type = text; break;
      case Node::delta_text: output(Output::Channel::content, text, -1); break;
      case Node::delta_thinking: output(Output::Channel::reasoning, text, -1); break;
      case Node::partial_json: output(Output::Channel::arguments, text, -1); break;
      case Node::stop_reason: facts_->stop_reason = placed(text); break;
      case Node::whole_content: whole_output(Output::Channel::content, text); break;
      case Node::whole_reasoning: whole_output(Output::Channel::reasoning, text); break;
      case Node::whole_arguments: whole_output(Output::Channel::arguments, text); break;
      default: choice_text(text); break;
    }
  }
  void whole_output(Output::Channel channel, std::string_view text) {
    if (!text.empty()) facts_->whole_outputs.push_back({channel, position(), -1, text});
  }
  void choice_text(std::string_view text) {
    switch (node_) {
      case Node::finish_reason: choice().finish_reason = placed(text); break;
      case Node::role: choice().role = !text.empty(); break;
      case Node::delta_content:
        choice().output |= !text.empty();
        output(Output::Channel::content, text, position());
        break;
      case Node::reasoning:
        choice().output |= !text.empty();
        output(Output::Channel::reasoning, text, position());
        break;
      case Node::call_id: choice().calls.back().id = text; break;
      case Node::call_name: choice().calls.back().named = !text.empty(); break;
      case Node::call_arguments:
        output(Output::Channel::arguments, text, position(), static_cast<int>(choice().calls.size()) - 1);
        break;
      default: break;
    }
  }
  /// `index` may follow `delta`: until the payload is read, a choice is named by its position.
  int position() const { return static_cast<int>(facts_->choice_count) - 1; }

  std::string_view payload_;
  ChunkFacts* facts_ = nullptr;
  std::size_t depth_ = 0;
  Node node_ = Node::root;            // of the value that comes next, or of the open object
  std::array<Node, 8> parents_{};     // the open objects and arrays; deeper ones hold nothing of interest
  std::array<bool, 8> is_array_{};
  KeySet keys_;
  std::string scratch_;               // strings that had escapes, decoded
  std::size_t part_ = 0;              // where the string being read starts in scratch_
};

}  // namespace

namespace {

/// Gives each output the index of its choice, and the channel that only the type of a Responses event tells.
void settle_outputs(ChunkFacts& facts) {
  const bool arguments = facts.type.starts_with("response.function_call_arguments");
  const bool reasoning = facts.type.starts_with("response.reasoning");
  for (Output& output : facts.outputs) {
    if (output.choice >= 0) output.choice = facts.choice_list[static_cast<std::size_t>(output.choice)].index;
    else output.choice = facts.index.value_or(0);
    if (arguments) output.channel = Output::Channel::arguments;
    if (reasoning) output.channel = Output::Channel::reasoning;
  }
  for (Output& output : facts.whole_outputs)
    output.choice = output.choice >= 0 ? facts.choice_list[static_cast<std::size_t>(output.choice)].index : 0;
}

}  // namespace

struct ChunkReader::Parser {
  Parser() : basic(options()) {}
  static json::parse_options options() {
    json::parse_options options;
    options.max_depth = max_json_depth;
    options.allow_invalid_utf8 = true;
    return options;
  }
  json::basic_parser<Notes> basic;
};

ChunkReader::ChunkReader() : parser_(std::make_unique<Parser>()) {}
ChunkReader::~ChunkReader() = default;

ChunkReader& ChunkReader::of_thread() {
  thread_local ChunkReader reader;
  return reader;
}

ChunkReader::Result ChunkReader::read(std::string_view payload) {
  ChunkFacts& facts = facts_;
  facts.clear();
  auto& parser = parser_->basic;
  parser.reset();
  parser.handler().begin(payload, facts);
  json::error_code error;
  const std::size_t used = parser.write_some(false, payload.data(), payload.size(), error);
  if (error) return {false, used, error.message()};
  if (used < payload.size()) return {false, used, "more follows the end of the value"};
  settle_outputs(facts);
  return {true, used, {}};
}

}  // namespace siltgate::stream
