// SPDX-License-Identifier: Apache-2.0
// What a Recording that is on consists of. Only for observe/recording.cpp and capture_desk.cpp.
#pragma once

#include <optional>

#include "observe/config.hpp"
#include "observe/recording.hpp"

namespace siltgate::observe {

struct Recording::State {
  State(CaptureDesk& d, CaptureMode m, TimePoint a) : desk(d), mode(m), accepted(a) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void add(CaptureEntry::Kind kind, std::string_view bytes, TimePoint now, std::uint64_t from = 0);
  void grown();
  void hand_over();
  std::optional<std::uint64_t> position_of(std::string_view first, std::string_view second) const;

  CaptureDesk& desk;
  CaptureMode mode;
  TimePoint accepted;
  CaptureBatch batch;                  // held, not handed over
  std::size_t held = 0;                // what desk.held_ counts for this one
  int attempt = 0;
  std::uint64_t received_size = 0;     // of this attempt
  std::uint64_t received_from = 0;     // batch.received[base] is this byte of the attempt's body
  std::size_t base = 0;
  std::uint64_t delivered_to = 0;      // where the next delivery is looked for first
  bool own = false;
  bool on_disk = false;                // something was handed over
  bool lost = false;                   // the writer took it not: the rest is not worth holding
};

}  // namespace siltgate::observe
