// SPDX-License-Identifier: Apache-2.0
#include "stream/garble.hpp"

#include <string_view>

namespace siltgate::stream {
namespace {

/// Deltas that hold no text: sound in Base64.
bool is_sound(std::string_view type) {
  return type.find("audio") != std::string_view::npos && type.find("transcript") == std::string_view::npos;
}

/// Tool call of a chat output, as the provider numbers it.
int call_of(const ChunkFacts& facts, const Output& output) {
  for (std::size_t i = 0; i < facts.choice_count; ++i) {
    const Choice& choice = facts.choice_list[i];
    if (choice.index != output.choice || output.call < 0) continue;
    const auto position = static_cast<std::size_t>(output.call);
    if (position < choice.calls.size() && choice.calls[position].index >= 0) return choice.calls[position].index;
  }
  return output.call;
}

/// Some providers write the same reasoning into two members of a chunk.
bool is_copy(const Output& output, const Output* before) {
  return before && output.channel == Output::Channel::reasoning && before->channel == output.channel &&
         before->choice == output.choice && before->text == output.text;
}

}  // namespace

void Garble::take(const ChunkFacts& facts, Faults& faults) {
  if (facts.outputs.empty() || is_sound(facts.type)) return;
  const Output* before = nullptr;
  for (const Output& output : facts.outputs) {
    if (!is_copy(output, before)) write(output, dialect_ == Dialect::openai_chat ? call_of(facts, output) : output.choice);
    before = &output;
  }
  report(faults);
}

void Garble::take(const Output& output, Faults& faults) {
  write(output, dialect_ == Dialect::openai_chat ? output.call : output.choice);
  report(faults);
}

void Garble::take_whole(const ChunkFacts& facts, Faults& faults) {
  int item = 0;   // each string is a text of its own
  const Output* before = nullptr;
  for (const Output& output : facts.whole_outputs) {
    if (!is_copy(output, before)) write(output, ++item);
    before = &output;
  }
  finish(faults);
}

/// Choices of a chat come side by side; blocks and items of the other dialects one after the other.
Garble::Slot* Garble::slot_of(const Output& output) {
  if (dialect_ != Dialect::openai_chat) return &slots_[0];
  const auto choice = static_cast<std::size_t>(output.choice);
  return output.choice >= 0 && choice < slots_.size() ? &slots_[choice] : nullptr;
}

void Garble::write(const Output& output, int item) {
  Slot* slot = slot_of(output);
  if (!slot) return;
  if (!slot->lane || slot->channel != output.channel || slot->item != item) {
    finish_slot(*slot);
    const int choice = dialect_ == Dialect::openai_chat ? output.choice : 0;
    slot->lane = std::make_unique<GarbleLane>(static_cast<GarbleLane::Text>(output.channel), choice);
    slot->channel = output.channel;
    slot->item = item;
  }
  slot->lane->take(output.text, signs_);
}

void Garble::finish_slot(Slot& slot) {
  if (slot.lane) slot.lane->finish(signs_);
  slot.lane.reset();
}

void Garble::finish(Faults& faults) {
  for (Slot& slot : slots_) finish_slot(slot);
  report(faults);
}

void Garble::report(Faults& faults) {
  if (signs_.empty()) return;
  for (GarbleSign& sign : signs_.take())
    faults.push_back({Check::garble, std::move(sign.reason), 0, !sign.certain, 0, {}, std::move(sign.excerpt)});
}

std::size_t Garble::lane_size() { return sizeof(GarbleLane); }

}  // namespace siltgate::stream
