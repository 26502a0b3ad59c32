// SPDX-License-Identifier: Apache-2.0
// Takes credentials out of text at the point of writing: given secret values, bearer tokens, and strings that look like
// API keys. Pure; knows nothing of where the text goes.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace siltgate::observe {

/// Replaces each credential by "[redacted]". `secrets` are values known to be secret; those under 4 bytes are ignored.
/// Looks for: the values of `secrets`, "Bearer X", "sk-X", Z.AI keys (32 hex digits, a dot, 8 or more letters or digits),
/// JSON Web Tokens, and the value after authorization, x-api-key, api-key, api_key, apikey.
std::string redact(std::string_view text, std::span<const std::string> secrets = {});

/// The same for raw bytes cut out of a stream: each credential byte becomes '*', so that offsets stay true. A piece of a
/// secret of 4 bytes or more that the cut left at either end is masked too.
std::string mask(std::string_view bytes, std::span<const std::string> secrets = {});

}  // namespace siltgate::observe
