// SPDX-License-Identifier: Apache-2.0
// Where a value in force came from.
#pragma once

#include <map>
#include <string>

#include "settings/jsonc.hpp"

namespace siltgate::settings {

struct Origin {
  enum class From { file, environment, flag, derived } from = From::file;
  std::string name;       // "SILTGATE_LISTEN", "--listen", or the reason of a derived value; file: "path:line:col"
  Span key;               // file: the key; the value itself inside a list
  Span value;             // file: the value
  std::string written;    // as the user wrote it when references stood in it, else ""
};

/// By display_path(). What is not in here has its default. Named sections ("providers.zai") and the items of lists
/// ("admin.allow[1]") are in here too when the file has them.
using Origins = std::map<std::string, Origin>;

}  // namespace siltgate::settings
