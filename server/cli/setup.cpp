// SPDX-License-Identifier: Apache-2.0
// `setup CLIENT`: prints what to put where, writes it with a backup, or puts the old file back.
#include <filesystem>

#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/verbs.hpp"
#include "net/control_socket.hpp"
#include "observe/redact.hpp"
#include "observe/state.hpp"
#include "settings/address.hpp"
#include "setup/diff.hpp"
#include "setup/plan.hpp"
#include "setup/user_file.hpp"

namespace siltgate::cli {
namespace {

/// An address clients on this machine can use: loopback first; "every interface" is reached through loopback.
std::string client_address(const std::vector<std::string>& listen) {
  for (const std::string& each : listen) {
    const auto parsed = settings::parse_address(each);
    if (parsed.address == "0.0.0.0") return settings::format_address("127.0.0.1", parsed.port);
    if (parsed.address == "::") return settings::format_address("::1", parsed.port);
    if (settings::is_loopback(parsed.address)) return each;
  }
  return listen.empty() ? setup::Gate{}.address : listen.front();
}

std::optional<setup::Gate> running_gate(const Command& command, const Io& io) {
  std::optional<std::uint16_t> port;
  if (!command.global.listen.empty()) port = settings::parse_address(command.global.listen.front()).port;
  const net::FoundControl found = find_control(command, io, port);
  if (found.path.empty()) return {};
  const HttpReply reply = get({found.path, 0}, "/-/api/state");
  const auto state = reply.status == 200 ? observe::state_from_json(reply.body) : std::nullopt;
  std::error_code ignored;
  const bool other = command.global.config && state && !std::filesystem::equivalent(*command.global.config, state->config_file, ignored);
  if (!state || other) return {};
  setup::Gate gate{client_address(state->listen), {}};
  for (const observe::ProviderRow& each : state->providers) gate.providers.push_back({each.name, each.base_url, each.is_default});
  return gate;
}

std::string url_text(const Url& url) { return url.scheme == "demo" ? "demo:" : url.scheme + "://" + url.authority() + url.path; }

/// The siltgate that runs (with the configuration that was named), else the configured one, else the defaults. A configuration that is refused counts as none.
setup::Gate gate_for(const Command& command, const Io& io) {
  if (command.global.upstream.empty())
    if (auto gate = running_gate(command, io)) return *gate;
  const settings::Outcome outcome = settings::load(overrides_of(command), machine_of(io));
  const auto* loaded = std::get_if<settings::Loaded>(&outcome);
  setup::Gate gate;
  if (!command.global.listen.empty()) gate.address = client_address(command.global.listen);
  if (!loaded) return gate;
  std::vector<std::string> listen;
  for (const settings::Listen& each : loaded->settings.listen) listen.push_back(settings::format_address(each.address, each.port));
  gate.address = client_address(listen);
  for (const flow::Provider& each : loaded->settings.flow.providers)
    gate.providers.push_back({each.name, url_text(each.base_url), each.name == loaded->settings.flow.default_provider});
  return gate;
}

int undo(const std::string& file, const Command& command, const Io& io) {
  const setup::Undone undone = setup::undo_write(file);
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  using State = setup::Undone::State;
  switch (undone.state) {
    case State::nothing: return complain(io, command, "there is no backup of " + file + " beside it; nothing to undo", exit_no_file);
    case State::failed: return complain(io, command, undone.fault, undone.not_permitted ? exit_not_permitted : exit_failed);
    case State::changed:
      io.out << observe::redact(setup::unified_diff(undone.before, undone.after, file, colour));
      return complain(io, command, file + " was changed after siltgate wrote it, so it was left alone. The differences to the backup stand above; to take the backup all the same:\n  cp " +
                                       undone.backup + " " + file, exit_failed);
    case State::removed: say(io, command, "removed " + file + ", which setup had made"); return exit_ok;
    case State::restored: break;
  }
  io.out << observe::redact(setup::unified_diff(undone.after, undone.before, file, colour));
  say(io, command, "restored " + file);
  return exit_ok;
}

int write(const setup::Plan& plan, const Command& command, const Io& io) {
  const setup::Written written = setup::write_with_backup(plan.file, plan.existed, plan.before, plan.after);
  if (!written.fault.empty()) return complain(io, command, written.fault, written.not_permitted ? exit_not_permitted : exit_failed);
  if (written.backup.empty()) say(io, command, plan.file + " needs no change");
  else say(io, command, "wrote " + plan.file + (plan.existed ? "; the text before is in " + written.backup : ", which was not there before") +
                            "; take it back with: siltgate setup " + command.client + " --undo");
  return exit_ok;
}

void print_notes(const setup::Plan& plan, const Command& command, const Io& io) {
  for (const std::string& each : plan.notes) say(io, command, each);
}

}  // namespace

int setup(const Command& command, const Io& io) {
  const setup::Wish wish{command.providers, command.base_url, command.file};
  const setup::Plan plan = setup::plan_client(command.client, wish, gate_for(command, io), machine_of(io));
  if (plan.file.empty()) {
    if (command.write || command.undo) return complain(io, command, plan.done.front(), exit_usage);
    for (const std::string& each : plan.done) io.out << each << '\n';
    return exit_ok;
  }
  if (command.undo) return undo(plan.file, command, io);
  if (!plan.faults.empty()) {
    std::string text;
    for (const settings::Diagnostic& each : plan.faults) text += each.text();
    print_notes(plan, command, io);
    return complain(io, command, text, exit_config);
  }
  const bool colour = colour_wanted(io, command.global.color, io.out_is_terminal);
  io.out << observe::redact(setup::unified_diff(plan.before, plan.after, plan.file, colour));
  io.out.flush();
  for (const std::string& each : plan.done) say(io, command, each);
  const int exit = command.write ? write(plan, command, io) : exit_ok;
  if (exit == exit_ok) print_notes(plan, command, io);
  if (!command.write && plan.before != plan.after) say(io, command, "nothing was written; do it with: siltgate setup " + command.client + " --write");
  return exit;
}

}  // namespace siltgate::cli
