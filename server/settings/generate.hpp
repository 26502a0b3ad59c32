// SPDX-License-Identifier: Apache-2.0
// The texts that come out of the field table. Pure.
#pragma once

#include <string>

namespace siltgate::settings {

/// config/schema.json and `config --schema`: JSON Schema draft 7.
std::string schema_text();
/// docs/config.md.
std::string reference_text();
/// docs/man/siltgate.jsonc.5, the same table as a manual page.
std::string manual_page_text();
/// config/example.jsonc and `config --init`: every key with unit, default and why. `everything`: what is commented out
/// there (named things, keys without a fixed default) is live too, with its example value.
std::string example_text(bool everything = false);

}  // namespace siltgate::settings
