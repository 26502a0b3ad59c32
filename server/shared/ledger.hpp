// SPDX-License-Identifier: Apache-2.0
// The text of ledger.lua, embedded at build.
#pragma once

#include <string_view>

namespace siltgate::shared {

std::string_view ledger_file(std::string_view name);
inline std::string_view ledger_text() { return ledger_file("ledger"); }

}  // namespace siltgate::shared
