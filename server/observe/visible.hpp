// SPDX-License-Identifier: Apache-2.0
// Text of peers made safe for a terminal or a line of a log. Pure.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::observe {

/// Control characters (C0, DEL, C1), bidirectional marks and line separators become \n, \t, \r, \xNN or \uNNNN, bytes that
/// are not UTF-8 become \xNN; everything else stays. At most `most` bytes of `text` are shown, then "…".
std::string visible(std::string_view text, std::size_t most = static_cast<std::size_t>(-1));

}  // namespace siltgate::observe
