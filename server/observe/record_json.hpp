// SPDX-License-Identifier: Apache-2.0
// An exchange record as JSON text and back: for the admin API, the CLI and captures. Times are ISO 8601 in UTC with
// milliseconds, or milliseconds after `started_at`; raw bytes are hex. Free text is redacted here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "observe/record.hpp"

namespace siltgate::observe {

/// One line, no LF. Texts of the client, the provider and failures are redacted (redact.hpp) with `secrets`.
std::string record_to_json(const ExchangeRecord& record, std::span<const std::string> secrets = {});

/// Reads what record_to_json wrote; unknown members are ignored, missing ones keep their defaults. Empty when it is no
/// JSON object or a member has the wrong type. Steady times come back relative to an arbitrary start; error codes of
/// other than the system's categories come back as text only.
std::optional<ExchangeRecord> record_from_json(std::string_view json);

/// "2026-11-23T23:20:36.123Z".
std::string iso8601(WallTime time);
/// Exactly the form iso8601() writes, fraction optional.
std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace siltgate::observe
