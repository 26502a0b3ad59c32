// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"
#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/verbs.hpp"
#include "net/listen_probe.hpp"
#include "settings/address.hpp"

namespace siltgate::cli {
namespace {

bool held_by_siltgate(std::uint16_t port, const Command& command, const Io& io) { return !find_control(command, io, port).live.empty(); }

// What a bind that failed means:
//   1. the address is missing and the entry waits for it: fine
//   2. the port is held by a running siltgate, which this configuration may be for, or by systemd for siltgate.socket: fine
//   3. held by somebody else, or the address is missing: 69
//   4. not permitted: 77
int check_listen(const settings::Listen& where, const Command& command, const Io& io) {
  const std::string name = settings::format_address(where.address, where.port);
  const net::ListenProbe probe = net::probe_listen(where.address, where.port);
  switch (probe.state) {
    case net::ListenProbe::State::free: say(io, command, "listen " + name + ": free"); return exit_ok;
    case net::ListenProbe::State::no_such_address:
      if (!where.wait)
        return complain(io, command, "listen " + name + ": this machine has no such address; \"wait\": true waits for it", exit_unavailable);
      say(io, command, "listen " + name + ": the address is not there yet; siltgate will wait for it");   // 1
      return exit_ok;
    case net::ListenProbe::State::held:
      if (probe.detail.starts_with("systemd (")) {   // siltgate.socket
        say(io, command, "listen " + name + ": held by systemd, which hands it over");
        return exit_ok;
      }
      if (!held_by_siltgate(where.port, command, io))
        return complain(io, command, "listen " + name + ": held by " + probe.detail + "; stop it or choose another port", exit_unavailable);   // 3
      say(io, command, "listen " + name + ": held by the siltgate that is running");   // 2
      return exit_ok;
    case net::ListenProbe::State::not_permitted:
      return complain(io, command, "listen " + name + ": not permitted; ports below 1024 need a privilege", exit_not_permitted);   // 4
    case net::ListenProbe::State::failed: break;
  }
  return complain(io, command, "listen " + name + ": " + probe.detail, exit_unavailable);
}

}  // namespace

int check(const Command& command, const Io& io) {
  int exit = exit_ok;
  const auto loaded = load_settings(command, io, exit);
  if (!loaded) return exit;
  for (const settings::Listen& where : loaded->settings.listen)
    if (const int failed = check_listen(where, command, io); failed != 0) exit = failed;
  const std::string source = loaded->path.empty() ? "flags and environment" : loaded->path;
  if (exit == exit_ok) say(io, command, source + ": sound, " + counted(loaded->settings.flow.providers.size(), "provider"));
  return exit;
}

}  // namespace siltgate::cli
