// SPDX-License-Identifier: Apache-2.0
// Makes the events of a stream unlike each other in a way that means nothing: whatever finds something by comparing them must find
// the same without.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::stream::test {

/// `body` with more and more spaces before its payloads.
inline std::string disguised(std::string_view body) {
  std::string out;
  std::size_t spaces = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    out += body[at];
    if (body.substr(0, at + 1).ends_with("data: ") && body.substr(at + 1).starts_with('{') && (at < 6 || body[at - 6] == '\n'))
      out.append(++spaces % 60, ' ');
  }
  return out;
}

inline std::string undisguised(std::string text) {
  for (std::size_t at = 0; (at = text.find("data:  ", at)) != std::string::npos;) text.erase(at + 5, 1);
  return text;
}

}  // namespace siltgate::stream::test
