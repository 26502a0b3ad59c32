// SPDX-License-Identifier: Apache-2.0
#include "cli/captures.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"
#include "observe/capture_views.hpp"

namespace siltgate::cli {

int show(const Command& command, const Io& io) {
  int exit = exit_ok;
  const auto capture = open_capture(command, io, exit);
  if (!capture) return exit;
  if (command.headers) io.out << observe::view_headers(*capture);
  const bool whole = command.headers || !(command.events || command.hex || command.chat || command.raw || command.diff);
  if (whole) {
    if (!command.headers) io.out << observe::view_overview(*capture);
    return exit_ok;
  }
  const observe::CapturedAttempt* attempt = choose_attempt(*capture, command, io, exit);
  if (!attempt) return exit;
  if (command.raw) io.out << attempt->body();
  if (command.events) io.out << observe::view_events(*capture, *attempt);
  if (command.chat) io.out << observe::view_chat(*capture, *attempt);
  if (command.diff) io.out << observe::view_diff(*capture, *attempt);
  if (command.hex) {
    const auto dump = observe::view_hex(*capture, *attempt, static_cast<std::uint64_t>(command.hex_event));
    if (!dump) return complain(io, command, "attempt " + std::to_string(attempt->number) + " has no event " + std::to_string(command.hex_event) +
                                                "; siltgate show " + capture->id + " --events lists them", exit_usage);
    io.out << *dump;
  }
  return exit_ok;
}

}  // namespace siltgate::cli
