// SPDX-License-Identifier: Apache-2.0
// Text as one word of sh: inside single quotes nothing is special but the single quote itself (POSIX, Shell Command Language 2.2.2).
#pragma once

#include <string>
#include <string_view>

namespace siltgate {

/// What stands between the single quotes.
inline std::string inside_single_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

inline std::string shell_quoted(std::string_view text) { return "'" + inside_single_quotes(text) + "'"; }

}  // namespace siltgate
