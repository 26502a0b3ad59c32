// SPDX-License-Identifier: Apache-2.0
// Names of exchanges: "sg_" and 10 characters of RFC 4648 base32 in lower case (50 bits). The caller owns the randomness.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace siltgate::observe {

/// The low 50 bits of `random` as an id.
std::string make_id(std::uint64_t random);
bool valid_id(std::string_view id);

}  // namespace siltgate::observe
