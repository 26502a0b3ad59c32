// SPDX-License-Identifier: Apache-2.0
// siltgate.jsonc(5): what docs/config.md says, as a manual page.
#include "base/roff.hpp"
#include "settings/field_table.hpp"
#include "settings/generate.hpp"
#include "settings/load.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

constexpr std::string_view head = R"(siltgate reads one JSONC file: JSON with // and /* */ comments and trailing commas. It is the first of: the file
of --config, that of $SILTGATE_CONFIG, $XDG_CONFIG_HOME/siltgate/siltgate.jsonc (else ~/.config/siltgate/siltgate.jsonc),
/etc/siltgate/siltgate.jsonc. A value comes from the flag, else the environment, else the file, else the default. An unknown,
duplicate or misplaced key is an error with its line and column; siltgate check reports every one.)";

constexpr std::string_view values = R"(Durations are strings of numbers with the units d h m s ms us, as "1h30m". Sizes are strings with B KB MB GB KiB MiB GiB,
as "64MiB". Secrets are references inside any string that is free text: {env:NAME} an environment variable, {file:/path} a file
that only its owner can read, {cred:name} a systemd credential, {keychain:service} a password in the macOS keychain.)";

std::string takes(const Field& field) {
  std::string out = field.words.empty() ? "" : "one of ";
  for (const Word& word : field.words) out += (out == "one of " ? "" : ", ") + std::string("\"") + std::string(word.name) + "\"";
  if (out.empty()) out = "for example " + std::string(field.example);
  if (const auto range = range_text(field); !range.empty()) out += " (" + range + ")";
  return out;
}

std::string item(const Field& field) {
  const std::string value = default_of(field);
  const std::string fallback = field.required ? "needed" : "default: " + (value.empty() ? std::string(field.fallback.empty() ? "none" : field.fallback) : value);
  const auto last = last_component(field.path);
  return roff_item(".B " + roff(last == "*" ? "<name>" : last), std::string(field.why) + ". " + takes(field) + "; " + fallback + ".");
}

void section_text(const Branch& branch, std::string& out) {
  std::string items;
  for (const Branch& one : branch.branches)
    if (one.field) items += item(*one.field);
  if (!items.empty()) {
    const Section* above = branch.path.ends_with("*") ? find_section(parent_path(branch.path)) : nullptr;
    out += ".SS " + roff(branch.path.empty() ? "Top level" : display_path(branch.path, {})) + "\n" + roff_prose(std::string(above ? above->why : branch.section->why) + ".") + "\n" + items;
  }
  for (const Branch& one : branch.branches)
    if (!one.field) section_text(one, out);
}

}  // namespace

std::string manual_page_text() {
  std::string out = ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Generated from the field table in server/settings/fields.cpp; do not edit.\n";
  out += ".TH SILTGATE.JSONC 5 " + std::string(manual_date) + " \"siltgate " SILTGATE_VERSION "\" \"File Formats\"\n";
  out += ".SH NAME\nsiltgate.jsonc \\- configuration of siltgate\n.SH DESCRIPTION\n" + roff_prose(head) + "\n.PP\n" + roff_prose(values) + "\n";
  out += ".SH ENVIRONMENT\n";
  for (const Variable& variable : variables()) out += roff_item(".B " + roff(variable.name), variable.what);
  out += ".SH KEYS\n";
  section_text(field_tree(), out);
  return out + ".SH SEE ALSO\n.BR siltgate (1)\n";
}

}  // namespace siltgate::settings
