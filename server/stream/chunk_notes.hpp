// SPDX-License-Identifier: Apache-2.0
// Writes down what a payload says at the places that matter. Told value by value, in the order of the payload, with the
// place of each; knows no JSON text.
#pragma once

#include <string_view>

#include "stream/chunk_facts.hpp"
#include "stream/chunk_members.hpp"

namespace siltgate::stream {

/// True for the places whose type is noted.
constexpr bool has_shape(Node node) {
  constexpr auto set = [](auto... nodes) { return (... | (std::uint64_t{1} << static_cast<int>(nodes))); };
  constexpr std::uint64_t shaped =
      set(Node::error, Node::code, Node::choices, Node::usage, Node::message, Node::content, Node::output, Node::delta,
          Node::response, Node::inner_error, Node::choice, Node::choice_index, Node::choice_delta, Node::choice_message,
          Node::finish_reason);
  static_assert(static_cast<int>(Node::text_other) < 64);
  return (shaped >> static_cast<int>(node) & 1) != 0;
}

constexpr bool is_of_error(Node node) { return node == Node::error || node == Node::error_part || node == Node::error_leaf; }

class ChunkNotes {
 public:
  /// Starts a payload; both must outlive it.
  void begin(std::string_view payload, ChunkFacts& facts) {
    payload_ = payload;
    facts_ = &facts;
  }
  ChunkFacts& facts() { return *facts_; }

  /// An object or array begins; nothing below it has been told yet.
  void opened(Node node, Shape shape) {
    if (node == Node::other) return;
    this->shape(node, shape);
    if (node == Node::error_leaf) facts_->error_says = true;
    if (shape != Shape::object) return;
    if (node == Node::choice) begin_choice(shape);
    if (node == Node::tool_call) begin_call();
  }
  /// A member of an object at `parent` that is at `node`.
  void key(Node parent, Node node) {
    if (parent == Node::choice_delta && node != Node::role) choice().only_role = false;
  }
  /// Decoded. It lies in the payload when it was written without escapes, else it must stay elsewhere.
  void text(Node node, std::string_view value) {
    if (node == Node::other) return;
    shape(node, Shape::string);
    note_text(node, value);
  }
  void number(Node node, std::int64_t value) {
    if (node == Node::other) return;
    shape(node, Shape::number);
    note_number(node, value);
  }
  /// A number that is too large to be noted.
  void large_number(Node node) {
    shape(node, Shape::number);
    if (is_of_error(node)) facts_->error_says = true;
  }
  void boolean(Node node, bool truth) {
    shape(node, Shape::boolean);
    if (node == Node::success && !truth) facts_->success_false = true;
    if (truth && is_of_error(node)) facts_->error_says = true;
  }
  void null(Node node) { shape(node, Shape::null); }

 private:
  Choice& choice() { return facts_->choice_list[facts_->choice_count - 1]; }
  /// `index` may follow `delta`: until the payload is read, a choice is named by its position.
  int position() const { return static_cast<int>(facts_->choice_count) - 1; }

  bool in_payload(const char* p) const;
  Text placed(std::string_view text) const;
  void begin_choice(Shape shape);
  void begin_call();
  void shape(Node node, Shape shape) {
    if (has_shape(node)) note_shape(node, shape);
  }
  void note_shape(Node node, Shape shape);
  void note_number(Node node, std::int64_t number);
  void note_text(Node node, std::string_view text);
  void note_choice_text(Node node, std::string_view text);
  void output(Output::Channel channel, std::string_view text, int of_choice, int call = -1);
  void whole_output(Output::Channel channel, std::string_view text);

  std::string_view payload_;
  ChunkFacts* facts_ = nullptr;
};

}  // namespace siltgate::stream
