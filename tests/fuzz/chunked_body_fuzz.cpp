// SPDX-License-Identifier: Apache-2.0
// Any bytes as a chunked body: the same payload, end and refusal whole and byte by byte.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/body_decoder.hpp"

namespace {

struct Read {
  std::string body;
  std::size_t used = 0;
  bool refused = false;
};

Read read(std::string bytes, std::size_t step) {
  siltgate::http::BodyDecoder decoder({siltgate::http::BodyFraming::Kind::chunked, 0});
  Read out;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done(); at += step) {
    auto size = std::min(step, bytes.size() - at);
    auto decoded = decoder.decode(std::span<char>(bytes.data() + at, size));
    if (!decoded) {
      out.refused = true;
      return out;
    }
    out.body += decoded->payload;
    out.used += decoded->used;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  Read whole = read(bytes, size + 1), single = read(bytes, 1);
  if (whole.refused != single.refused) std::abort();
  if (!whole.refused && (whole.body != single.body || whole.used != single.used)) std::abort();
  return 0;
}
