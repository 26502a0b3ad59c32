// SPDX-License-Identifier: Apache-2.0
// The seam between the command line and the server: main fills it with the App, so that cli/ knows nothing of running
// exchanges.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "settings/settings.hpp"

namespace siltgate::cli {

/// What `run` hands over.
struct RunRequest {
  settings::Settings settings;
  std::string config_file;   // "" = none
  /// Reads the settings anew, with the same flags, or says why they are refused.
  std::function<std::variant<settings::Settings, std::string>()> read_settings;
};

/// A server in this process, on a thread of its own.
struct Running {
  std::vector<std::uint16_t> ports;   // of its listeners
  std::function<void()> stop;         // returns when it has stopped; must be called once
  std::string fault;                  // why it could not start; then there is nothing to stop
};

struct Server {
  /// In the foreground, with signals and control socket, until it is told to stop. Returns the exit code.
  std::function<int(RunRequest request)> run;
  /// Beside the caller, without signals and without control socket.
  std::function<Running(settings::Settings settings)> start;
};

}  // namespace siltgate::cli
