// SPDX-License-Identifier: Apache-2.0
#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {

int reload(const Command& command, const Io& io) {
  const Instance instance = find_instance(command, io);
  if (instance.exit != 0) return instance.exit;
  const int exit = check_reply(post(instance, "/-/api/reload"), command, io);
  if (exit == 0) say(io, command, "reloaded");
  return exit;
}

int stop(const Command& command, const Io& io) {
  const Instance instance = find_instance(command, io);
  if (instance.exit != 0) return instance.exit;
  const int exit = check_reply(post(instance, "/-/api/stop"), command, io);
  if (exit == 0) say(io, command, "stopping: running exchanges may finish first");
  return exit;
}

}  // namespace siltgate::cli
