// SPDX-License-Identifier: Apache-2.0
#include "observe/status_text.hpp"

#include <chrono>
#include <thread>

#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {
namespace {

/// The text of one look; `exit` says whether there was one.
struct Look {
  std::string text;
  int exit = 0;
};

Look look(const HttpReply& reply, const Command& command, const Io& io, bool colour) {
  if (const int exit = check_reply(reply, command, io); exit != 0) return {"", exit};
  if (command.json) return {reply.body, 0};
  const auto state = observe::state_from_json(reply.body);
  if (!state) return {"", complain(io, command, "the running siltgate's answer is not understood; is it another version?", exit_bug)};
  return {command.line ? observe::status_line(*state) + "\n" : observe::status_table(*state, colour), 0};
}

}  // namespace

int status(const Command& command, const Io& io) {
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  const bool redraw = io.out_is_terminal && !command.line && !command.json;
  const auto show = [&](const std::string& text) {
    if (command.watch && redraw) io.out << "\033[H\033[2J";
    io.out << text << std::flush;
    if (command.watch) std::this_thread::sleep_for(std::chrono::seconds(1));
  };
  for (bool seen_before = false;;) {
    std::string fault;
    const Instance instance = look_for_instance(command, io, fault);
    const HttpReply reply = instance.exit == 0 ? get(instance, "/-/api/state") : HttpReply{};
    if (seen_before && io.out && (instance.exit == exit_unavailable || (instance.exit == 0 && reply.status == 0))) {   // --watch: it is being restarted
      show(command.json ? "" : "siltgate is not running; waiting for it\n");
      continue;
    }
    if (instance.exit != 0) return complain(io, command, fault, instance.exit);
    const Look seen = look(reply, command, io, colour);
    if (seen.exit != 0) return seen.exit;
    show(seen.text);
    if (!command.watch || !io.out) return exit_ok;
    seen_before = true;
  }
}

}  // namespace siltgate::cli
