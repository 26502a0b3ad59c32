// SPDX-License-Identifier: Apache-2.0
// libFuzzer: the fast reader of a payload and Boost.JSON's parser must say the same of any bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "support/read_alike.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto both = siltgate::stream::test::read_twice({reinterpret_cast<const char*>(data), size});
  if (both.usual == both.parsed) return 0;
  std::fprintf(stderr, "-- usual:  %s\n-- parser: %s\n", both.usual.c_str(), both.parsed.c_str());
  std::abort();
}
