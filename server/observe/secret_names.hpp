// SPDX-License-Identifier: Apache-2.0
// Which header fields and query parameters hold a credential, by their name. Pure.
#pragma once

#include <string_view>

namespace siltgate::observe {

/// Is the value of this header field a credential or may hold one? By the words of its name, split at - and _: "X-Functions-Key"
/// is one, "Idempotency-Key" and "x-session-id" are not.
bool secret_field(std::string_view name);

/// The same for a parameter of a query, where "code" and "sig" are credentials too.
bool secret_parameter(std::string_view name);

}  // namespace siltgate::observe
