// SPDX-License-Identifier: Apache-2.0
// The grammar both heads share: field lines, and which body follows (RFC 9112, sections 5 and 6). Own check, without Beast.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "http/config.hpp"
#include "http/fields.hpp"
#include "http/head.hpp"

namespace siltgate::http {

/// A bad_request of the client; blame_upstream() turns it round for responses.
Failure malformed(std::string detail);

/// Splits the first line off `head`; the rest keeps its empty line.
Result<std::string_view> take_first_line(std::string_view& head);

/// Field lines up to and including the empty line, which must end the text.
Result<Fields> parse_field_lines(std::string_view lines, const Limits& limits);

/// Transfer-Encoding and Content-Length. `none` when neither is there (a response then runs until close).
Result<BodyFraming> parse_framing(const Fields& fields, int minor_version);

/// Is `element` in a comma-separated list of this field, without case? Fields may repeat.
bool lists(const Fields& fields, std::string_view name, std::string_view element);

}  // namespace siltgate::http
