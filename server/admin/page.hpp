// SPDX-License-Identifier: Apache-2.0
// The dashboard: the files of admin/dashboard/, embedded at build. Knows nothing of what they show.
#pragma once

#include <optional>
#include <string_view>

#include "admin/api.hpp"

namespace siltgate::admin {

/// `path` is what follows admin.path: "" (the page), "style.css", "script.js" and what that imports. Empty for anything else.
std::optional<Reply> page_file(std::string_view path, const View& view);

}  // namespace siltgate::admin
