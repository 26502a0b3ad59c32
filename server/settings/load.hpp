// SPDX-License-Identifier: Apache-2.0
// From command line, environment, file and defaults (in this order) to one Settings with the origin of every value, or
// to everything that is wrong. The entry to this room for cli/ and app/; knows neither.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "settings/machine.hpp"
#include "settings/origin.hpp"
#include "settings/settings.hpp"
#include "settings/source.hpp"

namespace siltgate::settings {

/// What the command line said.
struct Overrides {
  std::optional<std::string> config;       // --config FILE
  std::vector<std::string> upstreams;      // --upstream URL or NAME=URL, repeatable; the first becomes the default provider
  std::vector<std::string> listen;         // --listen ADDR:PORT, repeatable; replaces the file's listeners
  std::optional<std::string> concurrency;  // --concurrency N|auto: limits.concurrency, and that of every provider
  std::optional<std::string> capture;      // --capture off|rejected|all
  std::optional<std::string> log_format;   // --log-format text|json
  bool debug = false;                      // --debug: log.level debug
  bool quiet = false;                      // --quiet: log.level warn
};

struct Loaded {
  Settings settings;
  Origins origins;
  std::string path;                     // the file that was read, "" when there was none
  std::vector<Diagnostic> warnings;
};

struct Refused {
  enum class Why { invalid, not_found, not_permitted } why = Why::invalid;
  std::vector<Diagnostic> errors;       // never empty; in file order; at most 20 and one that counts the rest

  /// 78, 66 or 77 (contract, section 3).
  int exit_code() const;
  /// Every error with its excerpt.
  std::string text() const;
};

using Outcome = std::variant<Loaded, Refused>;

/// Resolves secrets; binds nothing, connects nowhere. Call it again with the same arguments to reload.
Outcome load(const Overrides& overrides, const Machine& machine);

/// A file's text alone, as load() would judge it.
Outcome load_text(std::string name, std::string text, const Machine& machine);

/// How the verbs reach the server of these settings.
struct ControlEntry {
  std::string socket;         // `control_socket`, "" = derived from the port
  std::uint16_t port = 0;     // of the first listener
};
/// As far as the file can be read and understood. Opens no keychain: asking for the state must not ask for a password.
ControlEntry control_entry(const Overrides& overrides, const Machine& machine);

/// Every value in force, one a line: `path = value   # origin`. Secrets and passwords are redacted.
std::string effective_text(const Loaded& loaded);

/// The files load() looks for when neither --config nor $SILTGATE_CONFIG names one, first found wins.
std::vector<std::string> search_path(const Machine& machine);

/// An environment variable siltgate reads itself, for --help and the reference.
struct Variable {
  std::string_view name;
  std::string_view what;
};
const std::vector<Variable>& variables();

}  // namespace siltgate::settings
