// SPDX-License-Identifier: Apache-2.0
// Where a verb writes: data to `out`, talk to `err`, colour only where a terminal wants it.
#pragma once

#include <iostream>
#include <string_view>

#include "cli/command_line.hpp"

namespace siltgate::cli {

struct Io {
  std::ostream& out;
  std::ostream& err;
  Env env;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

/// --color, then NO_COLOR and TERM=dumb, then whether it is a terminal.
bool colour_wanted(const Io& io, std::string_view color_flag, bool is_terminal);

/// "siltgate: sentence", red "siltgate" on a terminal. Returns `exit`.
int complain(const Io& io, const Command& command, std::string_view sentence, int exit);
/// Talk that -q silences.
void say(const Io& io, const Command& command, std::string_view sentence);

}  // namespace siltgate::cli
