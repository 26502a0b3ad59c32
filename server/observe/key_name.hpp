// SPDX-License-Identifier: Apache-2.0
// What a credential without a configured name is called: "#9f3c", the start of a salted hash. No character of the
// credential can be read from it; with another salt it is another name.
#pragma once

#include <string>
#include <string_view>

#include "observe/sha256.hpp"

namespace siltgate::observe {

/// "" for an empty credential. `salt` should be random per process or per state directory.
inline std::string key_name(std::string_view salt, std::string_view credential) {
  if (credential.empty()) return {};
  Sha256 hash;
  hash.add(salt);
  hash.add(std::string_view("\0", 1));
  hash.add(credential);
  return "#" + hash.end().substr(0, 4);
}

}  // namespace siltgate::observe
