// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_facts.hpp"

#include <utility>

namespace siltgate::stream {

void ChunkFacts::clear() {
  ChunkFacts fresh;
  fresh.choice_list = std::move(choice_list);
  fresh.outputs = std::move(outputs);
  fresh.outputs.clear();
  fresh.whole_outputs = std::move(whole_outputs);
  fresh.whole_outputs.clear();
  *this = std::move(fresh);
}

}  // namespace siltgate::stream
