// SPDX-License-Identifier: Apache-2.0
#include "settings/field_table.hpp"
#include "settings/generate.hpp"
#include "settings/load.hpp"
#include "settings/value.hpp"

namespace siltgate::settings {
namespace {

constexpr std::string_view head = R"(# Configuration

<!-- Generated from the field table in server/settings/fields.cpp; the test "generated files are those of the field
table" says how to write it anew. -->

siltgate reads one JSONC file: JSON with `//` and `/* */` comments and trailing commas. `siltgate config --init` writes
[a commented one](../config/example.jsonc) with every key and its default; `siltgate check` judges one and names every mistake by
line and column; `siltgate config --effective` prints what is in force and where each value came from; editors
complete and check with [schema.json](../config/schema.json) (`siltgate config --schema`).

The file is the first of: `--config FILE`, `$SILTGATE_CONFIG`, `$XDG_CONFIG_HOME/siltgate/siltgate.jsonc` (else
`~/.config/siltgate/siltgate.jsonc`), `/etc/siltgate/siltgate.jsonc`. With `--upstream URL` none is needed. A value comes from
the flag, else the environment, else the file, else the default.

- **Strict.** An unknown, duplicate or misplaced key is an error.
- **Durations** are strings of numbers with units `d h m s ms us`: `"30s"`, `"1h30m"`. **Sizes** are strings with `B KB MB GB
  KiB MiB GiB`: `"64MiB"`. Zero means "none" only where the tables say so.
- **Secrets** are references inside any string that is free text: `{env:NAME}` an environment variable, `{file:/path}` a file only its owner can read (one
  line feed at its end is cut off), `{cred:name}` a systemd credential (`LoadCredential=`), `{keychain:service}` a password in the
  macOS keychain. One that is not there is an error at start. A literal secret works too, with a warning when others can read the file.
- **Caps.** `--concurrency` replaces `limits.concurrency` of siltgate and of every provider; caps of single keys, models and groups stay.
- **Upstreams.** `--upstream [NAME=]URL` adds a provider, or changes the `base_url` of the one with that name; the first becomes the
  default provider. Without a name it is called after its profile, `demo` or `upstream`.
)";

std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string_view type_name(Type type) {
  switch (type) {
    case Type::boolean: return "true or false";
    case Type::integer: return "number";
    case Type::duration: return "duration";
    case Type::bytes: return "size";
    case Type::choice: return "";
    case Type::concurrency: return "number from 1, or `\"auto\"`";
    case Type::base_url: return "URL";
    case Type::proxy: return "`\"env\"`, `\"none\"` or URL";
    case Type::secret: return "secret";
    case Type::address: return "`\"ADDRESS:PORT\"`";
    case Type::networks: return "list of CIDRs";
    case Type::hosts: return "list of host names";
    case Type::texts: return "list of strings";
    case Type::redis_url: return "`redis://`, `rediss://` or `unix://` URL";
    case Type::url_path: return "path";
    case Type::file_path: return "file path";
    case Type::text: break;
  }
  return "string";
}

std::string takes(const Field& field) {
  std::string out(type_name(field.type));
  for (const Word& word : field.words) out += (out.empty() ? "`\"" : ", `\"") + std::string(word.name) + "\"`";
  if (auto range = range_text(field); !range.empty()) out += " " + range;
  return out;
}

std::string row(const Field& field) {
  const std::string value = default_of(field);
  const std::string fallback = field.required ? "*needed*" : value.empty() ? std::string(field.fallback.empty() ? "none" : field.fallback) : "`" + value + "`";
  const auto last = last_component(field.path);
  return "| `" + cell(last == "*" ? "<name>" : last) + "` | " + cell(takes(field)) + " | " + cell(fallback) + " | " + cell(field.why) +
         (value == field.example || field.type == Type::choice ? "" : "; for example `" + cell(field.example) + "`") + " |\n";
}

std::string sentence(std::string_view text) {
  std::string out = cell(text) + ".";
  if (out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

void section_text(const Branch& branch, std::string& out) {
  std::string rows;
  for (const Branch& one : branch.branches)
    if (one.field) rows += row(*one.field);
  if (!rows.empty()) {
    const std::string path = branch.path.empty() ? "Top level" : "`" + display_path(branch.path, {}) + "`";
    const Section* above = branch.path.ends_with("*") ? find_section(parent_path(branch.path)) : nullptr;
    out += "\n## " + path + "\n\n" + sentence(above ? above->why : branch.section->why) + "\n\n| key | takes | default | what for |\n|---|---|---|---|\n" + rows;
  }
  for (const Branch& one : branch.branches)
    if (!one.field) section_text(one, out);
}

}  // namespace

std::string reference_text() {
  std::string out(head);
  out += "\n## Environment\n\n| variable | what |\n|---|---|\n";
  for (const Variable& variable : variables()) out += "| `" + std::string(variable.name) + "` | " + std::string(variable.what) + " |\n";
  section_text(field_tree(), out);
  return out;
}

}  // namespace siltgate::settings
