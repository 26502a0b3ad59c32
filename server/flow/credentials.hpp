// SPDX-License-Identifier: Apache-2.0
// The secrets one exchange knows of, so that nothing siltgate writes repeats them: providers like to quote keys in their errors.
// Does not know where text goes.
#pragma once

#include <string>
#include <string_view>

#include "base/cleanse.hpp"
#include "flow/exchange.hpp"

namespace siltgate::flow {

/// What the client sent as credentials (key headers, cookies, values of the query) and the provider's configured keys.
Secrets credentials_of(const Exchange& x);

/// Text of the provider or the client, fit for a log line, a record or a message of siltgate's own: each byte of a secret
/// becomes '*', so that offsets stay true and a bounded text that ends inside a secret gives none of it away.
std::string masked(const Exchange& x, std::string_view text);

}  // namespace siltgate::flow
