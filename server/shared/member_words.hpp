// SPDX-License-Identifier: Apache-2.0
// How Member and ledger.lua write numbers and lists to each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "schedule/admission.hpp"

namespace siltgate::shared {

inline constexpr char list_separator = '\x1e';  // scope names hold \x1f

inline std::string milliseconds_text(Duration time) { return std::to_string(to_ms(time)); }

inline std::string scope_list(const schedule::SharedPath& path) {
  std::string list;
  for (const auto& cap : path.caps) list += (list.empty() ? "" : std::string(1, list_separator)) + cap.scope;
  return list;
}

inline std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(list_separator, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace siltgate::shared
