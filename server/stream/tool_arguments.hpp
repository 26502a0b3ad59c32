// SPDX-License-Identifier: Apache-2.0
// Follows the arguments of the tool calls of one response piece by piece: are they JSON once joined? Keeps parser
// states, no text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream/fault.hpp"
#include "stream/json_check.hpp"

namespace siltgate::stream {

class ToolArguments {
 public:
  /// Opens or continues call number `call` of `choice`. An `id` other than the open one's starts a further call at the
  /// same number (some providers number every call 0).
  void begin(int choice, int call, std::string_view id);
  void write(int choice, int call, std::string_view piece);
  /// The calls of `choice` (of all for -1) are complete: what is wrong with them.
  void finish(int choice, Faults& faults);
  /// True when a call has begun at any time.
  bool any_seen() const { return seen_ > 0; }

 private:
  struct Call {
    int choice;
    int number;
    std::size_t id_hash;
    JsonCheck json;
  };
  Call* find(int choice, int call);
  static void judge(Call& call, Faults& faults);

  std::vector<Call> open_;
  Faults waiting_;           // of calls that a further call has completed
  std::uint64_t seen_ = 0;
};

}  // namespace siltgate::stream
