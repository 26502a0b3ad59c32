// SPDX-License-Identifier: Apache-2.0
// Changes single values of TOML and YAML texts where they stand. Understands as much of either as it takes to find a
// value or a place for one, and refuses what it does not understand. Text in, text out; knows no files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "setup/jsonc_edit.hpp"

namespace siltgate::setup {

/// `table.key = value`; table "" is the top of the file. The value is TOML text.
struct TomlChange {
  std::string table;
  std::string key;
  std::string value;
};
/// Complaints have spans into `text`. Refused: a string or bracket that is never closed, and a table that stands inline.
Edited edit_toml(std::string_view text, const std::vector<TomlChange>& changes);

/// `key: value` at the top level of a block mapping; the value is YAML text.
struct YamlChange {
  std::string key;
  std::string value;
};
/// Refused: several documents in one file, and a file that is no block mapping.
Edited edit_yaml(std::string_view text, const std::vector<YamlChange>& changes);

}  // namespace siltgate::setup
