// SPDX-License-Identifier: Apache-2.0
// Paths of request targets: prefixes at segment borders, and segments that climb (RFC 3986, 3.3 and 5.2.4). Pure.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::route {

/// `path` with runs of slashes made one: a base URL written with a slash at its end gives "//chat/completions".
std::string collapse_slashes(std::string_view path);

/// Is `prefix` the whole of `path` or followed by a slash? The empty prefix is none.
bool has_prefix(std::string_view path, std::string_view prefix);

/// The first segment, without slashes.
std::string_view first_segment(std::string_view path);

/// Could a server that decodes this path (up to three times over, taking %2F and backslashes for separators and dropping
/// ";parameters") read a "." or ".." segment or a control character in it? An encoded slash alone is sound: model names hold it.
bool climbs(std::string_view path);

}  // namespace siltgate::route
