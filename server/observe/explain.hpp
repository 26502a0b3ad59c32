// SPDX-License-Identifier: Apache-2.0
// What `siltgate why` prints for people: the verdict in one sentence, then its evidence. Pure.
#pragma once

#include <span>
#include <string>

#include "observe/record.hpp"

namespace siltgate::observe {

/// "intact: every check …", "provider (likely): the provider cut the stream after 3412 bytes …". No LF.
std::string headline(const ExchangeRecord& record);

/// The headline, facts, timeline, attempts, findings with their hex dumps, advice; lines end with LF. `colour` uses ANSI
/// escapes; nothing a peer sent can add any. `secrets` and what looks like a credential is redacted. `record.verdict`
/// must have been judged.
std::string explain(const ExchangeRecord& record, bool colour, std::span<const std::string> secrets = {});

}  // namespace siltgate::observe
