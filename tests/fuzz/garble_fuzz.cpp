// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the text, cutting it must change neither what is said of it nor the excerpts.
// Byte 0 picks the kind of text, byte 1 the size of the pieces; the rest is the text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stream/garble_lane.hpp"

using namespace siltgate::stream;

namespace {

std::string said_of(std::string_view text, GarbleLane::Text kind, std::size_t piece) {
  GarbleLane lane(kind, 0);
  GarbleSigns signs;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const std::string part(text.substr(0, piece));
    lane.take(part, signs);
  }
  lane.finish(signs);
  std::string out;
  for (const GarbleSign& sign : signs.take()) out += sign.reason + (sign.certain ? "!" : "?") + sign.excerpt + '\n';
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<GarbleLane::Text>(data[0] % 3);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = said_of(text, kind, text.size() + 1);
  const std::string cut = said_of(text, kind, data[1] % 80 + 1u);
  if (whole == cut) return 0;
  std::fprintf(stderr, "-- whole\n%s-- cut\n%s", whole.c_str(), cut.c_str());
  std::abort();
}
