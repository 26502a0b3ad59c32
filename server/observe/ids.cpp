// SPDX-License-Identifier: Apache-2.0
#include "observe/ids.hpp"

namespace siltgate::observe {
namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view prefix = "sg_";
constexpr int characters = 10;

}  // namespace

std::string make_id(std::uint64_t random) {
  std::string id(prefix);
  for (int i = 0; i < characters; ++i, random >>= 5) id += alphabet[random & 31];
  return id;
}

bool valid_id(std::string_view id) {
  return id.size() == prefix.size() + characters && id.substr(0, prefix.size()) == prefix &&
         id.find_first_not_of(alphabet, prefix.size()) == std::string_view::npos;
}

}  // namespace siltgate::observe
