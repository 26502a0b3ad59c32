// SPDX-License-Identifier: Apache-2.0
// Any bytes as answers of Redis: the same values and the same refusal whole and byte by byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "shared/resp.hpp"

namespace {

using siltgate::shared::RespReader;
using siltgate::shared::RespValue;

void write(const RespValue& value, std::string& out) {
  out += static_cast<char>('0' + static_cast<int>(value.kind));
  out += value.text + "," + std::to_string(value.number) + "(";
  for (const RespValue& item : value.items) write(item, out);
  out += ")";
}

std::string read(const std::string& bytes, std::size_t step) {
  RespReader reader;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(std::string_view(bytes).substr(at, step));
    while (auto value = reader.next()) write(*value, out);
  }
  return out + reader.malformed();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
  if (read(bytes, bytes.size() + 1) != read(bytes, 1)) std::abort();
  return 0;
}
