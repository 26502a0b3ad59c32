// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_facts.hpp"

namespace siltgate::stream {

void Choice::clear() {
  static_cast<ChoiceFacts&>(*this) = {};
  calls.clear();
}

void ChunkFacts::clear() {
  static const PayloadFacts nothing;
  static_cast<PayloadFacts&>(*this) = nothing;
  outputs.clear();
  whole_outputs.clear();
}

}  // namespace siltgate::stream
