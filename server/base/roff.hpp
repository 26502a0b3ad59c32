// SPDX-License-Identifier: Apache-2.0
// Text for manual pages, man(7). Pure.
#pragma once

#include <string>
#include <string_view>

namespace siltgate {

/// The date in the head of every manual page: that of the last change to their form.
constexpr std::string_view manual_date = "2026-11-27";

/// Nothing in it is taken for a request or an escape; hyphens stay hyphens when copied.
std::string roff(std::string_view text);
/// The same, with lines of at most 78 characters: for text that flows.
std::string roff_prose(std::string_view text);
/// Lines as they stand, in a fixed-width block.
std::string roff_block(std::string_view lines);
/// A tagged paragraph: `.TP`, the tag (roff already), the text (plain).
std::string roff_item(std::string_view tag, std::string_view text);

}  // namespace siltgate
