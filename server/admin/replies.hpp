// SPDX-License-Identifier: Apache-2.0
// The shapes admin replies have. Knows no path.
#pragma once

#include <string>
#include <string_view>

#include "admin/api.hpp"

namespace siltgate::admin {

Reply text_reply(int status, std::string body);
/// `body` is JSON; a line end is added.
Reply json_reply(int status, std::string body);
/// 405 naming the methods that are taken.
Reply only(std::string_view methods);

}  // namespace siltgate::admin
