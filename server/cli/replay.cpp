// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include "cli/captures.hpp"
#include "cli/exit_code.hpp"
#include "cli/replay_server.hpp"
#include "cli/verbs.hpp"
#include "observe/visible.hpp"
#include "settings/address.hpp"

namespace siltgate::cli {
namespace {

/// The address to listen on; `fault` when it can't be.
settings::ParsedAddress where_to_listen(const Command& command) {
  if (command.global.listen.empty()) return {"127.0.0.1", 0, ""};
  settings::ParsedAddress where = settings::parse_address(command.global.listen.front());
  if (where.fault.empty() && !settings::is_loopback(where.address))
    where.fault = "a recording is served to this machine only; use 127.0.0.1 or [::1]";
  return where;
}

std::string description(const observe::Capture& capture, const observe::CapturedAttempt& attempt, const ReplayPlan& plan) {
  return capture.id + ", attempt " + std::to_string(attempt.number) + ": status " + std::to_string(attempt.head->status) + ", " +
         std::to_string(attempt.reads.size()) + " reads, then " + std::string(to_string(plan.end)) + ". Ctrl-C ends it.";
}

}  // namespace

int replay(const Command& command, const Io& io) {
  const settings::ParsedAddress where = where_to_listen(command);
  if (!where.fault.empty()) return complain(io, command, "--listen " + command.global.listen.front() + ": " + where.fault, exit_usage);
  Command lookup = command;
  lookup.global.listen.clear();   // names the address to serve on here, not an instance
  int exit = exit_ok;
  const auto capture = open_capture(lookup, io, exit);
  if (!capture) return exit;
  const observe::CapturedAttempt* attempt = choose_attempt(*capture, command, io, exit);
  if (!attempt) return exit;
  if (!attempt->head)
    return complain(io, command, capture->id + ": no response came in attempt " + std::to_string(attempt->number) +
                                     ", so there is nothing to serve", exit_no_file);
  const ReplayPlan plan = plan_replay(*attempt);
  ReplayServer server(plan, command.fast);
  if (const std::string fault = server.listen(where.address, where.port); !fault.empty())
    return complain(io, command, "cannot listen on " + settings::format_address(where.address, where.port) + ": " + fault, exit_unavailable);
  io.out << "http://" << settings::format_address(where.address, server.port()) << "/v1" << std::endl;
  say(io, command, description(*capture, *attempt, plan));
  std::mutex talking;
  const auto told = [&](const std::string& line) {
    std::lock_guard lock(talking);
    say(io, command, observe::visible(line, 200));
  };
  if (command.once) return server.serve_once(told) ? exit_ok : complain(io, command, "the listener broke", exit_unavailable);
  server.serve(told);
  return exit_ok;
}

}  // namespace siltgate::cli
