// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest of some words. Knows nothing of settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace siltgate::settings {

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), case, `_` and `-` ignored.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `words` nearest to `word`, or "" when none is near enough to be what was meant.
std::string nearest(std::string_view word, const std::vector<std::string>& words);

/// ` did you mean "X"?` with the leading blank, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& words);

/// "a", "b" and "c" with the joint " and "
std::string quoted_list(const std::vector<std::string>& words, std::string_view last_joint);

}  // namespace siltgate::settings
