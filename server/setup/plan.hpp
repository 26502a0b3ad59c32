// SPDX-License-Identifier: Apache-2.0
// What a client needs in its own configuration so that it goes through siltgate: which file, what it holds now, what it
// should hold. One source file per client. Reads through settings::Machine, writes nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/machine.hpp"
#include "settings/source.hpp"
#include "setup/jsonc_edit.hpp"

namespace siltgate::setup {

/// The siltgate a client shall use: the one that runs, else what the configuration says, else the defaults.
struct Gate {
  struct Provider {
    std::string name, base_url;   // "demo:" for the built-in one
    bool is_default = false;
  };
  std::string address = "127.0.0.1:4290";
  std::vector<Provider> providers;   // empty: nothing is configured yet

  std::string origin() const { return "http://" + address; }
  const Provider* default_provider() const;
};

/// What the user said.
struct Wish {
  std::vector<std::string> providers;   // names in the client's own terms; empty = those the client uses
  std::string base_url;                 // "" = derived from the Gate
  std::string file;                     // "" = where the client looks
};

struct Plan {
  std::string file;                     // "" = this client has no file that can be written
  bool existed = false;
  std::string before, after;
  std::vector<std::string> done;        // sentences: what changes, or that nothing needs to
  std::vector<std::string> notes;       // what to do besides
  std::vector<settings::Diagnostic> faults;   // not empty: `after` is `before`
};

const std::vector<std::string>& client_names();
/// `client` is one of client_names().
Plan plan_client(const std::string& client, const Wish& wish, const Gate& gate, const settings::Machine& machine);

// For the files of this room.

Plan plan_opencode(const Wish& wish, const Gate& gate, const settings::Machine& machine);
Plan plan_claude_code(const Wish& wish, const Gate& gate, const settings::Machine& machine);
Plan plan_codex(const Wish& wish, const Gate& gate, const settings::Machine& machine);
Plan plan_aider(const Wish& wish, const Gate& gate, const settings::Machine& machine);
Plan plan_cline(const Wish& wish, const Gate& gate);

/// The built-in providers of opencode and where each of them goes.
struct BuiltIn {
  std::string_view id, upstream;
};
const std::vector<BuiltIn>& opencode_built_ins();
/// The files opencode reads for every project, first found wins; the last one is where a new one goes.
std::vector<std::string> opencode_files(const settings::Machine& machine);

/// Where in siltgate requests for `upstream` go: "" for the default provider, "/NAME" for another; adds to `plan.notes` what siltgate
/// itself lacks. `alone`: no other provider shares this siltgate.
std::string place_in_gate(const Gate& gate, const std::string& upstream, const std::string& name, bool alone, Plan& plan);
/// The file's text into the plan; false when it cannot be read, with the reason in `faults`.
bool read_into(Plan& plan, const settings::Machine& machine);
/// The edit's result or its complaints into the plan.
void take_edit(Plan& plan, Edited edited, std::string_view example);
/// $HOME without a slash at its end.
std::string home_of(const settings::Machine& machine);

}  // namespace siltgate::setup
