// SPDX-License-Identifier: Apache-2.0
// Asks the processor for memory before it is needed.
#pragma once

#include <cstddef>

namespace siltgate::stream {

inline constexpr std::size_t cache_line = 64;  // of most processors; where lines are larger, some requests are for nothing

/// The lines of `size` bytes from `start` on. Never waits, never fails: any address may be given.
inline void prefetch_lines(const void* start, std::size_t size) {
  const auto* p = static_cast<const char*>(start);
  for (std::size_t at = 0; at < size; at += cache_line) __builtin_prefetch(p + at, 1);
}

}  // namespace siltgate::stream
