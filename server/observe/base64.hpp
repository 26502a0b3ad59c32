// SPDX-License-Identifier: Apache-2.0
// RFC 4648 base64 with padding: how captures spell raw bytes. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace siltgate::observe {

void append_base64(std::string& out, std::string_view bytes);
/// Empty when it is not exactly what append_base64() writes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace siltgate::observe
