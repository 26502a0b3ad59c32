// SPDX-License-Identifier: Apache-2.0
// The secrets one exchange knows of, so that nothing siltgate writes repeats them: providers like to quote keys in their errors.
// Does not know where text goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flow/exchange.hpp"

namespace siltgate::flow {

/// What the client sent as credentials (key headers, cookies, values of the query) and the provider's configured keys.
std::vector<std::string> credentials_of(const Exchange& x);

/// `text` of the provider or the client, fit for a log line, a record or a message of siltgate's own.
std::string without_secrets(const Exchange& x, std::string_view text);
/// The same for a piece of a stream: each byte of a secret becomes '*', so that offsets stay true.
std::string masked(const Exchange& x, std::string_view bytes);

}  // namespace siltgate::flow
