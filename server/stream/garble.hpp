// SPDX-License-Identifier: Apache-2.0
// The check `garble` over one response: gives each piece of decoded output to the signals of its text. Knows what a
// dialect calls a text, not what a signal is. A response holds one text at a time for each choice: 5 KiB then,
// nothing before the first piece and after the end.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/dialect.hpp"
#include "stream/chunk_facts.hpp"
#include "stream/fault.hpp"
#include "stream/garble_lane.hpp"

namespace siltgate::stream {

class Garble {
 public:
  explicit Garble(Dialect dialect) : dialect_(dialect) {}

  /// A payload of a stream that is going to be delivered. Adds a fault for each new sign.
  void take(const ChunkFacts& facts, Faults& faults);
  /// One piece of text that belongs to no tool call, of such a payload.
  void take(const Output& output, Faults& faults);
  /// The response is complete.
  void finish(Faults& faults);
  /// All texts of a body that is not streamed, and its end.
  void take_whole(const ChunkFacts& facts, Faults& faults);

  /// Bytes of one text in hand.
  static std::size_t lane_size();

 private:
  struct Slot {
    Output::Channel channel{};
    int item = 0;                        // tool call, block or output item
    std::unique_ptr<GarbleLane> lane;    // none before the first piece
  };
  Slot* slot_of(const Output& output);
  void write(const Output& output, int item);
  void finish_slot(Slot& slot);
  void report(Faults& faults);

  static constexpr std::size_t most_choices = 4;   // followed; further choices of a request for many are not looked at
  Dialect dialect_;
  std::array<Slot, most_choices> slots_;
  GarbleSigns signs_;
};

}  // namespace siltgate::stream
