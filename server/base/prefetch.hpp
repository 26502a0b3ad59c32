// SPDX-License-Identifier: Apache-2.0
// Asking the processor early for memory that is about to be used. With hundreds of open streams what belongs to one of them has
// left the caches by its next event; while the kernel reads the socket it can come back. Changes no result.
#pragma once

#include <cstddef>

namespace siltgate {

inline void prefetch(const void* at, std::size_t size) {
  constexpr std::size_t line = 64;
  for (std::size_t i = 0; i < size; i += line) __builtin_prefetch(static_cast<const char*>(at) + i, 1);
}

}  // namespace siltgate
