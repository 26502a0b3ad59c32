// SPDX-License-Identifier: Apache-2.0
#include <exception>

#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {
namespace {

int do_verb(const Command& command, const Io& io, const Server& server) {
  switch (command.verb) {
    case Verb::run: return run_server(command, io, server);
    case Verb::check: return check(command, io);
    case Verb::config: return config(command, io);
    case Verb::status: return status(command, io);
    case Verb::log: return log(command, io);
    case Verb::why: return why(command, io);
    case Verb::show: return show(command, io);
    case Verb::export_capture: return export_capture(command, io);
    case Verb::replay: return replay(command, io);
    case Verb::doctor: return doctor(command, io);
    case Verb::setup: return setup(command, io);
    case Verb::service: return service(command, io);
    case Verb::reload: return reload(command, io);
    case Verb::stop: return stop(command, io);
    case Verb::selftest: return selftest(command, io, server);
    case Verb::completion: return completion(command, io);
    case Verb::version: return version(command, io);
  }
  return exit_bug;
}

}  // namespace

int run_command_line(std::vector<std::string> arguments, const Io& io, const Server& server) {
  Parsed parsed = parse_command_line(std::move(arguments), io.env);
  io.out << parsed.out;
  io.err << parsed.err;
  if (!parsed.command) {
    io.out.flush();
    return parsed.exit;
  }
  int exit = exit_bug;
  try {
    exit = do_verb(*parsed.command, io, server);
  } catch (const std::exception& bug) {
    complain(io, *parsed.command, std::string("a bug: ") + bug.what(), exit_bug);
  }
  io.out.flush();
  return exit;
}

}  // namespace siltgate::cli
