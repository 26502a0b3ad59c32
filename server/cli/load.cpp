// SPDX-License-Identifier: Apache-2.0
#include "cli/load.hpp"

namespace siltgate::cli {

settings::Overrides overrides_of(const Command& command) {
  settings::Overrides out;
  out.config = command.global.config;
  out.upstreams = command.global.upstream;
  out.listen = command.global.listen;
  out.concurrency = command.global.concurrency;
  out.capture = command.global.capture;
  out.log_format = command.global.log_format;
  out.debug = command.global.debug;
  out.quiet = command.global.quiet;
  return out;
}

settings::Machine machine_of(const Io& io) {
  settings::Machine machine = settings::this_machine();
  machine.env = io.env;
  return machine;
}

std::optional<settings::Loaded> load_settings(const Command& command, const Io& io, int& exit) {
  settings::Outcome outcome = settings::load(overrides_of(command), machine_of(io));
  if (const auto* refused = std::get_if<settings::Refused>(&outcome)) {
    exit = complain(io, command, refused->text(), refused->exit_code());
    return {};
  }
  auto& loaded = std::get<settings::Loaded>(outcome);
  for (const settings::Diagnostic& warning : loaded.warnings) {
    std::string text = "warning: " + warning.text();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    say(io, command, text);
  }
  return std::move(loaded);
}

}  // namespace siltgate::cli
