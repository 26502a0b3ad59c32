// SPDX-License-Identifier: Apache-2.0
// The verb: looks in order of dependency, prints what was found.
#include "cli/doctor.hpp"

#include <sys/utsname.h>

#include "base/units.hpp"
#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/verbs.hpp"
#include "net/control_socket.hpp"
#include "observe/redact.hpp"
#include "settings/address.hpp"
#include "settings/override.hpp"

namespace siltgate::cli {
namespace {

using doctor::Finding;
using doctor::State;

std::vector<std::string> secrets_of(const Ground& ground) {
  std::vector<std::string> out;
  if (!ground.loaded) return out;
  for (const auto& provider : ground.loaded->settings.flow.providers) {
    for (const auto& key : provider.keys) out.push_back(key.value);
    if (provider.proxy.url) out.push_back(provider.proxy.url->userinfo);
  }
  for (const auto& [name, token] : ground.loaded->settings.client_tokens) out.push_back(token);
  return out;
}

/// What stands in an environment variable that may matter, without user and password of a URL.
std::string environment_text(const Io& io) {
  std::string out;
  for (const char* name : {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE",
                           "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "OPENCODE_CONFIG", "OPENCODE_DISABLE_DEFAULT_PLUGINS", "OPENCODE_DISABLE_MODELS_FETCH"})
    if (auto value = io.env(name)) {
      const auto scheme = value->find("://"), at = value->rfind('@');
      if (scheme != std::string::npos && at != std::string::npos && at > scheme) value->replace(scheme + 3, at - scheme - 3, "***");
      out += std::string(name) + "=" + *value + "\n";
    }
  return out.empty() ? "(none)\n" : out;
}

std::string bundle_text(const Ground& ground, const doctor::Findings& findings, const Io& io) {
  utsname system{};
  ::uname(&system);
  std::string out = std::string("siltgate ") + SILTGATE_VERSION + " on " + system.sysname + " " + system.release + " " + system.machine + "\n\n";
  out += "== findings\n" + doctor::findings_text(findings, false);
  out += "\n== settings in force\n" + (ground.loaded ? settings::effective_text(*ground.loaded) : ground.refused + "\n");
  out += "\n== environment\n" + environment_text(io);
  out += "\n== the siltgate that runs\n" + (ground.state ? observe::state_to_json(*ground.state) + "\n" : std::string("none\n"));
  return observe::redact(out, secrets_of(ground));
}

/// A reply through the control socket; nothing when it does not come.
std::optional<observe::State> ask_state(const std::string& control) {
  HttpRequest request;
  request.target = "/-/api/state";
  request.silence = std::chrono::seconds(5);
  const HttpReply reply = http_request({control, 0}, request);
  return reply.status == 200 ? observe::state_from_json(reply.body) : std::nullopt;
}

void judge_instance(const Ground& ground, doctor::Findings& findings) {
  if (ground.control.empty()) return findings.push_back({"instance", State::note, "", "no siltgate is running for this user", ""});
  if (!ground.state) return findings.push_back({"instance", State::fault, ground.control, "a siltgate runs and does not answer within 5 s", "siltgate stop      # then start it again; a bug, please report it"});
  const observe::State& state = *ground.state;
  const std::string subject = "pid " + std::to_string(state.pid);
  if (!state.last_reload_error.empty())
    findings.push_back({"instance", State::fault, subject, "it refused its last reload and runs with older settings:\n" + state.last_reload_error, "siltgate check && siltgate reload"});
  if (state.version != SILTGATE_VERSION)
    findings.push_back({"instance", State::warning, subject, "it is version " + state.version + ", this program is " SILTGATE_VERSION, "restart it: siltgate service stop && siltgate service start"});
  if (state.draining) findings.push_back({"instance", State::warning, subject, "it is draining and takes no new requests", ""});
  if (!state.bottleneck.empty()) findings.push_back({"instance", State::note, subject, state.bottleneck, "siltgate status"});
  for (const observe::KeyRow& key : state.keys)
    if (key.held) findings.push_back({"instance", State::warning, key.provider + "/" + key.key, "the provider has this key held for another " + std::to_string(to_ms(*key.held) / 1000) + " s", "siltgate log --verdict provider"});
  std::string where;
  for (const std::string& each : state.listen) where += (where.empty() ? "" : ", ") + each;
  findings.push_back({"instance", State::ok, subject, "runs on " + where + (state.config_file.empty() ? "" : " with " + state.config_file), ""});
}

void judge_config(const Ground& ground, const settings::Outcome& outcome, bool named, doctor::Findings& findings) {
  if (ground.loaded) {
    findings.push_back({"config", State::ok, ground.loaded->path.empty() ? "flags and environment" : ground.loaded->path,
                        "sound, " + counted(ground.loaded->settings.flow.providers.size(), "provider"), ""});
    for (const settings::Diagnostic& warning : ground.loaded->warnings) findings.push_back({"config", State::warning, warning.where, warning.message, ""});
    return;
  }
  if (!named && ground.state) return findings.push_back({"config", State::note, "", "no configuration file here; the siltgate that runs has its own settings", ""});
  const auto& errors = std::get<settings::Refused>(outcome).errors;
  for (const settings::Diagnostic& error : errors) {
    std::string text = error.message + (error.excerpt.empty() ? "" : "\n" + error.excerpt);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    findings.push_back({"config", State::fault, error.where, text, named ? "siltgate check" : "siltgate config --init ~/.config/siltgate/siltgate.jsonc      # or name the provider: siltgate --upstream https://api.z.ai/api/coding/paas/v4"});
  }
}

/// What command line and environment alone say of where to listen.
std::vector<settings::Listen> asked_listen(const Command& command, const settings::Machine& machine) {
  settings::Settings asked;
  settings::Origins origins;
  settings::apply_overrides(overrides_of(command), machine, asked, origins);   // its faults are the configuration's, told with the others
  return asked.listen;
}

}  // namespace

std::vector<std::string> Ground::addresses() const {
  if (state && !state->listen.empty()) return state->listen;
  std::vector<std::string> out;
  for (const settings::Listen& each : listen) out.push_back(settings::format_address(each.address, each.port));
  return out;
}

Ground look_around(const Command& command, const Io& io, doctor::Findings& findings) {
  Ground ground;
  const settings::Machine machine = machine_of(io);
  settings::Outcome outcome = settings::load(overrides_of(command), machine);
  bool named = command.global.config || !command.global.upstream.empty() || io.env("SILTGATE_CONFIG") || io.env("SILTGATE_UPSTREAM");
  for (const std::string& path : settings::search_path(machine)) named = named || machine.read(path).state != settings::FileAnswer::State::missing;
  if (auto* loaded = std::get_if<settings::Loaded>(&outcome)) ground.loaded = std::move(*loaded);
  else ground.refused = std::get<settings::Refused>(outcome).text();
  ground.listen = ground.loaded ? ground.loaded->settings.listen : asked_listen(command, machine);
  std::optional<std::uint16_t> port;
  if ((ground.loaded && named) || !command.global.listen.empty()) port = ground.listen.front().port;
  net::FoundControl found = find_control(command, io, port);
  if (found.path.empty() && command.global.listen.empty()) found = find_control(command, io, {});
  ground.control = found.path;
  if (!found.path.empty()) ground.state = ask_state(found.path);
  if (named || !runs_in_guest(command)) judge_config(ground, outcome, named, findings);
  if (ground.control.empty() && !found.not_permitted.empty())
    findings.push_back({"instance", State::skipped, found.not_permitted.front(), "a siltgate of another user runs and cannot be asked", "sudo siltgate doctor"});
  else judge_instance(ground, findings);
  return ground;
}

int doctor(const Command& command, const Io& io) {
  doctor::Findings findings;
  const Ground ground = look_around(command, io, findings);
  const bool guest_only = command.from_guest;
  if (!guest_only) {
    look_at_listeners(ground, findings);
    look_at_providers(ground, io, findings);
  }
  if (command.from_guest) look_from_guest(command, ground, io, findings);
  else look_at_proxy_trap(ground, io, findings);
  if (command.client == "opencode") look_at_opencode(ground, io, findings);
  if (command.probe) probe_provider(command, ground, io, findings);
  if (command.bundle) io.out << bundle_text(ground, findings, io);
  else if (command.json) io.out << observe::redact(doctor::findings_json(findings, SILTGATE_VERSION), secrets_of(ground));
  else io.out << observe::redact(doctor::findings_text(findings, colour_wanted(io, command.global.color, io.out_is_terminal)), secrets_of(ground));
  return doctor::any_fault(findings) ? exit_failed : exit_ok;
}

}  // namespace siltgate::cli
