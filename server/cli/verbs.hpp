// SPDX-License-Identifier: Apache-2.0
// The verbs, one file each. Every one returns an exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/io.hpp"
#include "cli/server.hpp"

namespace siltgate::cli {

int run_server(const Command& command, const Io& io, const Server& server);
int check(const Command& command, const Io& io);
int config(const Command& command, const Io& io);
int status(const Command& command, const Io& io);
int log(const Command& command, const Io& io);
int why(const Command& command, const Io& io);
int show(const Command& command, const Io& io);
int export_capture(const Command& command, const Io& io);
int replay(const Command& command, const Io& io);
int doctor(const Command& command, const Io& io);
int setup(const Command& command, const Io& io);
int service(const Command& command, const Io& io);
int reload(const Command& command, const Io& io);
int stop(const Command& command, const Io& io);
int selftest(const Command& command, const Io& io, const Server& server);
int completion(const Command& command, const Io& io);
int version(const Command& command, const Io& io);

/// Parses and does. Never throws: what escapes a verb is a bug, exit code 70.
int run_command_line(std::vector<std::string> arguments, const Io& io, const Server& server);

}  // namespace siltgate::cli
