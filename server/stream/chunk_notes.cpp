// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_notes.hpp"

#include <functional>
#include <limits>

namespace siltgate::stream {
namespace {

constexpr std::size_t most_entries = 1024;  // of choices and of tool_calls; beyond, the payload is no chunk

}  // namespace

bool ChunkNotes::in_payload(const char* p) const {
  return std::less_equal<>()(payload_.data(), p) && std::less<>()(p, payload_.data() + payload_.size());
}

Text ChunkNotes::placed(std::string_view text) const {
  if (!in_payload(text.data())) return {text, std::string_view::npos};
  return {text, static_cast<std::size_t>(text.data() - payload_.data())};
}

void ChunkNotes::begin_call() {
  if (choice().calls.size() < most_entries) choice().calls.emplace_back();
  else facts_->too_many = true;
}

void ChunkNotes::begin_choice(Shape shape) {
  if (facts_->choice_count == most_entries) {
    facts_->too_many = true;
    --facts_->choice_count;
  }
  if (facts_->choice_count == facts_->choice_list.size()) facts_->choice_list.emplace_back();
  ++facts_->choice_count;
  choice().clear();
  choice().shape = shape;
}

void ChunkNotes::note_shape(Node node, Shape shape) {
  switch (node) {
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
      if (shape != Shape::object) begin_choice(shape);
      break;
    case Node::choice_index: choice().index_shape = shape; break;
    case Node::choice_delta: choice().delta = shape; break;
    case Node::choice_message: choice().message = shape; break;
    case Node::finish_reason: choice().finish_shape = shape; break;
    default: break;
  }
}

void ChunkNotes::note_number(Node node, std::int64_t number) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  const int small = number >= 0 && number <= most ? static_cast<int>(number) : -1;
  switch (node) {
    case Node::created:
    case Node::inner_created: facts_->created = number; break;
    case Node::sequence_number: facts_->sequence = number; break;
    case Node::code: facts_->code_number = number; break;
    case Node::index:
    case Node::output_index: facts_->index = small; break;
    case Node::choice_index: choice().index = small; break;
    case Node::call_index: choice().calls.back().index = small; break;
    case Node::input_tokens: facts_->input_tokens = number; break;
    case Node::output_tokens: facts_->output_tokens = number; break;
    case Node::error:
    case Node::error_part:
    case Node::error_leaf: facts_->error_says |= number != 0; break;
    default: break;
  }
}

void ChunkNotes::output(Output::Channel channel, std::string_view text, int of_choice, int call) {
  if (!text.empty()) facts_->outputs.push_back({channel, of_choice, call, text});
}

void ChunkNotes::whole_output(Output::Channel channel, std::string_view text) {
  if (!text.empty()) facts_->whole_outputs.push_back({channel, position(), -1, text});
}

void ChunkNotes::note_text(Node node, std::string_view text) {
  switch (node) {
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
    case Node::error:
    case Node::error_part:
    case Node::error_leaf: facts_->error_says |= !text.empty(); break;
    default: note_choice_text(node, text); break;
  }
}

void ChunkNotes::note_choice_text(Node node, std::string_view text) {
  switch (node) {
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

}  // namespace siltgate::stream
