// SPDX-License-Identifier: Apache-2.0
// Token counts that a response says of itself.
#pragma once

#include <cstdint>

namespace siltgate::stream {

/// Token counts from `usage`, when the stream carried them.
struct Usage {
  std::int64_t input_tokens = -1;   // -1 = not said
  std::int64_t output_tokens = -1;
};

}  // namespace siltgate::stream
