// SPDX-License-Identifier: Apache-2.0
// The parts of `siltgate doctor`: what each looks at. Every look has its own bound in time; judging is doctor/'s.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/io.hpp"
#include "doctor/finding.hpp"
#include "observe/state.hpp"
#include "settings/load.hpp"

namespace siltgate::cli {

/// The configuration as far as there is one, and the siltgate that runs.
struct Ground {
  std::optional<settings::Loaded> loaded;
  std::string refused;                     // why there is none
  std::vector<settings::Listen> listen;    // the configured addresses; where the configuration is refused, those asked for, else the default
  std::string control;                     // socket of the running siltgate, "" = none
  std::optional<observe::State> state;     // what it says

  /// Addresses clients may use: the running siltgate's, else the ones it would listen on.
  std::vector<std::string> addresses() const;
};

Ground look_around(const Command& command, const Io& io, doctor::Findings& findings);
void look_at_listeners(const Ground& ground, doctor::Findings& findings);
void look_at_providers(const Ground& ground, const Io& io, doctor::Findings& findings);
void look_at_proxy_trap(const Ground& ground, const Io& io, doctor::Findings& findings);
void look_at_opencode(const Ground& ground, const Io& io, doctor::Findings& findings);
/// --from-guest with an address that is not of this machine: siltgate is elsewhere, and needs no configuration here.
bool runs_in_guest(const Command& command);
void look_from_guest(const Command& command, const Ground& ground, const Io& io, doctor::Findings& findings);
void probe_provider(const Command& command, const Ground& ground, const Io& io, doctor::Findings& findings);

}  // namespace siltgate::cli
