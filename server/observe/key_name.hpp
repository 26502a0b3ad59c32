// SPDX-License-Identifier: Apache-2.0
// What a credential without a configured name is called: "#9f3c", the start of a salted hash. No character of the
// credential can be read from it; with another salt it is another name. Caps, holds and statistics go by that name, so no two
// credentials may have the same one at a time: of 300 keys two begin with the same four digits as likely as not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "observe/sha256.hpp"

namespace siltgate::observe {

class KeyNames {
 public:
  /// Beyond `bound` credentials those that were asked for longest ago are forgotten.
  explicit KeyNames(std::size_t bound = 4096) : bound_(bound) {}

  /// "" for an empty credential. `salt` should be random per process or per state directory. At least so many `digits`, and
  /// more while another credential has that name.
  std::string name(std::string_view salt, std::string_view credential, std::size_t digits = 4) {
    if (credential.empty()) return {};
    if (salt != salt_ || digits != digits_) {
      *this = KeyNames(bound_);
      salt_ = salt;
      digits_ = digits;
    }
    const std::string hash = hash_of(credential);
    Known& known = known_[hash];
    known.asked = ++asked_;
    for (std::size_t length = digits_; known.name.empty(); length *= 2)
      if (names_.insert("#" + hash.substr(0, length)).second) known.name = "#" + hash.substr(0, length);
    std::string found = known.name;
    if (known_.size() > bound_) forget();
    return found;
  }

 private:
  struct Known {
    std::string name;
    std::uint64_t asked = 0;
  };

  std::string hash_of(std::string_view credential) const {
    Sha256 hash;
    hash.add(salt_);
    hash.add(std::string_view("\0", 1));
    hash.add(credential);
    return hash.end();
  }
  /// The half that was asked for longest ago, so that not every new name has to look for one.
  void forget() {
    std::vector<std::uint64_t> times;
    for (const auto& [hash, known] : known_) times.push_back(known.asked);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    std::erase_if(known_, [&](const auto& entry) { return entry.second.asked < *middle && names_.erase(entry.second.name) > 0; });
  }

  std::size_t bound_, digits_ = 0;
  std::string salt_;
  std::uint64_t asked_ = 0;
  std::unordered_map<std::string, Known> known_;   // by the whole hash
  std::unordered_set<std::string> names_;
};

}  // namespace siltgate::observe
