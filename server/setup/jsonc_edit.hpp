// SPDX-License-Identifier: Apache-2.0
// Changes members of a JSONC text where they stand, so that comments, order and formatting of the rest survive.
// Text in, text out; knows no files and no client.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/jsonc.hpp"

namespace siltgate::setup {

/// Put this JSON text at this path of member names. Objects that are missing on the way are made.
struct Change {
  std::vector<std::string> path;
  std::string value;
};

struct Edited {
  std::string text;
  std::vector<settings::Complaint> complaints;   // not empty: nothing was changed; spans into the text that was given
};

/// An empty text (or white space) counts as {}. A member that has the value already is left as it is, byte for byte.
Edited edit_jsonc(std::string_view text, const std::vector<Change>& changes);

/// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

}  // namespace siltgate::setup
