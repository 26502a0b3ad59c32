// SPDX-License-Identifier: Apache-2.0
#include "support/packed.hpp"

#include <zlib.h>

namespace siltgate::test {
namespace {

std::string deflated(std::string_view text, int window_bits, int flush) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string packed(std::string_view text, Packing packing) {
  constexpr int bits[] = {15 + 16, 15, -15};
  return deflated(text, bits[static_cast<int>(packing)], Z_FINISH);
}

std::string packed_open(std::string_view text) { return deflated(text, 15 + 16, Z_SYNC_FLUSH); }

}  // namespace siltgate::test
