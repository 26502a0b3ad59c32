// SPDX-License-Identifier: Apache-2.0
// What of a configuration's text must not be shown in an error: secrets where they belong, and what looks like one where it
// does not. Reads text that may be broken in any way, so it knows less grammar than the parser and takes more for a secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/jsonc.hpp"

namespace siltgate::settings {

struct Hidden {
  Span span;
  bool sure = true;   // false: a long word of letters and digits, which may be the name of a model
};

/// Values of keys called value, key, token, secret or password, everything below "keys" and "client_tokens" but numbers such
/// as a concurrency, users and query values of URLs, and words that look like API keys wherever they stand, in comments too.
/// References such as {env:NAME} stay. In no order, and they may overlap.
std::vector<Hidden> secrets_in(std::string_view text);

/// `message` with "***" for each of `secrets` (of 4 characters or more) that stands in it as a word.
std::string without(std::string message, const std::vector<std::string>& secrets);

/// `message`, which may quote `text`: a flag's or a variable's.
std::string without_secrets_of(std::string message, std::string_view text);

}  // namespace siltgate::settings
