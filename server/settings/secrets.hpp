// SPDX-License-Identifier: Apache-2.0
// References to values kept elsewhere: {env:X}, {file:/path}, {cred:name}, {keychain:service}. Knows where each kind is
// looked up, not what the value is for. Never puts a value into a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/jsonc.hpp"
#include "settings/machine.hpp"

namespace siltgate::settings {

struct Expanded {
  std::string value;
  bool referenced = false;             // at least one reference stood in the text
  std::vector<Complaint> complaints;   // spans are byte offsets into the text given
};

/// Replaces each reference in `text` by what it names. One line feed at the end of a file or keychain answer is cut off.
Expanded expand_references(std::string_view text, const Machine& machine);

}  // namespace siltgate::settings
