// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_exports.hpp"

#include "cli/captures.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {

int export_capture(const Command& command, const Io& io) {
  int exit = exit_ok;
  const auto capture = open_capture(command, io, exit);
  if (!capture) return exit;
  if (command.har) io.out << observe::export_har(*capture);
  if (command.curl) io.out << observe::export_curl(*capture);
  if (command.bundle) io.out << observe::export_bundle(*capture);
  return exit_ok;
}

}  // namespace siltgate::cli
