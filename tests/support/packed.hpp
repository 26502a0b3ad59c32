// SPDX-License-Identifier: Apache-2.0
// Bodies as a provider that ignores "identity" sends them.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::test {

enum class Packing { gzip, zlib, raw };

std::string packed(std::string_view text, Packing packing);
/// gzip that goes on: with a flush behind the text, without its end.
std::string packed_open(std::string_view text);

}  // namespace siltgate::test
