// SPDX-License-Identifier: Apache-2.0
// Who is to blame for how an exchange ended, with the evidence. Pure: a record in, a verdict out; docs/verdicts.md
// describes each outcome.
#pragma once

#include <string_view>

#include "observe/record.hpp"

namespace siltgate::observe {

/// Judges a finished record. Never throws for any content of the record; credentials in texts of peers are redacted.
Verdict judge(const ExchangeRecord& record);

/// The exit code of `siltgate why`: 0 intact, 10 provider, 11 network, 12 client, 13 siltgate, 14 cannot tell.
int exit_code(Blame blame);

}  // namespace siltgate::observe
