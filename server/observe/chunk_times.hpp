// SPDX-License-Identifier: Apache-2.0
// The times between the pieces of one answer, counted where they fall: a few words of memory however many pieces there are.
// The borders are those of OpenTelemetry's gen_ai.client.operation.time_per_output_chunk: 10 ms, and each twice the one before.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/clock.hpp"

namespace siltgate::observe {

struct ChunkTimes {
  static constexpr std::size_t borders = 14;                 // 10 ms to 81.92 s
  std::array<std::uint32_t, borders + 1> counts{};           // the last: longer than every border
  Duration sum{0};

  void add(Duration time) {
    const auto tens = std::max<Duration::rep>(0, time / std::chrono::milliseconds(10) - (time % std::chrono::milliseconds(10) == Duration{0} ? 1 : 0));
    ++counts[std::min<std::size_t>(borders, std::bit_width(static_cast<std::uint64_t>(tens)))];
    sum += time;
  }
};

}  // namespace siltgate::observe
