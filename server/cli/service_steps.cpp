// SPDX-License-Identifier: Apache-2.0
// What systemd and launchd have in common.
#include "cli/service_steps.hpp"

namespace siltgate::cli {

std::string ServiceStep::shown() const {
  switch (kind) {
    case Kind::write: return "write " + path;
    case Kind::remove: return "rm " + path;
    case Kind::run: break;
  }
  std::string out;
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_of(" \t'\"$&|;<>()*?") == std::string::npos;
    out += (out.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
  }
  return out;
}

std::string service_config(const ServicePlace& place) {
  return place.system ? "/etc/siltgate/siltgate.jsonc" : place.config_home + "/siltgate/siltgate.jsonc";
}

}  // namespace siltgate::cli
