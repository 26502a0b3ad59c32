// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/verbs.hpp"
#include "settings/address.hpp"

namespace siltgate::cli {
namespace {

bool runs_on_demo(const settings::Settings& settings) {
  const auto& providers = settings.flow.providers;
  return std::any_of(providers.begin(), providers.end(), [](const auto& p) { return p.base_url.scheme == "demo"; });
}

/// What a newcomer types next.
std::string demo_advice(const settings::Settings& settings) {
  const settings::Listen& first = settings.listen.front();
  const std::string address = settings::format_address(first.address, first.port);
  return fmt::format(
      "The demo provider is running behind siltgate. In another terminal:\n"
      "  curl -N http://{0}/v1/chat/completions -H 'Content-Type: application/json' \\\n"
      "    -d '{{\"model\":\"demo/echo\",\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"Hello!\"}}]}}'\n"
      "  the same with \"demo/splice\", then: siltgate why        http://{0}/v1/models lists the faults\n"
      "In a browser: http://{0}{1}\n"
      "With a real provider: siltgate --upstream https://api.z.ai/api/coding/paas/v4",
      address, settings.admin.path);
}

std::variant<settings::Settings, std::string> read_again(const Command& command, const settings::Machine& machine) {
  settings::Outcome outcome = settings::load(overrides_of(command), machine);
  if (const auto* refused = std::get_if<settings::Refused>(&outcome)) return refused->text();
  return std::move(std::get<settings::Loaded>(outcome).settings);
}

}  // namespace

int run_server(const Command& command, const Io& io, const Server& server) {
  int exit = exit_ok;
  auto loaded = load_settings(command, io, exit);
  if (!loaded) return exit;
  const bool port_known = loaded->settings.listen.front().port != 0;
  if (runs_on_demo(loaded->settings) && port_known) say(io, command, demo_advice(loaded->settings));
  RunRequest request;
  request.settings = std::move(loaded->settings);
  request.config_file = loaded->path;
  request.read_settings = [command, machine = machine_of(io)] { return read_again(command, machine); };
  return server.run(std::move(request));
}

}  // namespace siltgate::cli
