// SPDX-License-Identifier: Apache-2.0
// Steps for systemd. The units are those of deploy/, embedded at build.
#include "cli/service_steps.hpp"
#include "settings/generate.hpp"

namespace siltgate::cli {

std::string_view system_unit(std::string_view name);
std::string_view user_unit(std::string_view name);

namespace {

using Kind = ServiceStep::Kind;

std::string unit_path(const ServicePlace& place) { return own_unit_folder(place) + "/siltgate.service"; }

/// A path as the first word of ExecStart= (systemd.service(5), "Command lines"): "%" begins a specifier, blanks want quotes. What systemd
/// refuses in a program's path (quotes, backslashes) service.cpp refuses before.
std::string exec_word(const std::string& path) {
  std::string out;
  for (const char c : path) out += c == '%' ? std::string("%%") : std::string(1, c);
  return out.find_first_of(" \t;") == std::string::npos ? out : '"' + out + '"';
}

std::string unit_text(const ServicePlace& place) {
  std::string text(place.system ? system_unit("siltgate") : user_unit("siltgate"));
  constexpr std::string_view packaged = "/usr/bin/siltgate";
  const std::string program = exec_word(place.program);
  for (auto at = text.find(packaged); at != std::string::npos; at = text.find(packaged, at + program.size())) text.replace(at, packaged.size(), program);
  return text;
}

ServiceStep systemctl(const ServicePlace& place, std::vector<std::string> words, bool may_fail = false) {
  std::vector<std::string> all{"systemctl"};
  if (!place.system) all.emplace_back("--user");
  all.insert(all.end(), words.begin(), words.end());
  return {Kind::run, "", "", 0, std::move(all), may_fail};
}

std::vector<ServiceStep> install(const ServicePlace& place) {
  std::vector<ServiceStep> out;
  // The system service runs as a user of its own and therefore needs a file that others can read; it holds no keys.
  if (!place.config_exists) out.push_back({Kind::write, service_config(place), settings::example_text(), place.system ? 0644u : 0600u, {}, false});
  if (!place.unit_packaged) out.push_back({Kind::write, unit_path(place), unit_text(place), 0644, {}, false});
  out.push_back(systemctl(place, {"daemon-reload"}));
  out.push_back(systemctl(place, {"enable", "siltgate.service"}));
  return out;
}

std::vector<ServiceStep> uninstall(const ServicePlace& place) {
  std::vector<ServiceStep> out;
  // The socket first: one that still listens would start the service again.
  if (place.socket_unit) out.push_back(systemctl(place, {"disable", "--now", "siltgate.socket"}, true));
  out.push_back(systemctl(place, {"disable", "--now", "siltgate.service"}, true));
  if (!place.unit_packaged) out.push_back({Kind::remove, unit_path(place), "", 0, {}, false});
  out.push_back(systemctl(place, {"daemon-reload"}));
  return out;
}

}  // namespace

std::string own_unit_folder(const ServicePlace& place) {
  return place.system ? std::string("/etc/systemd/system") : place.config_home + "/systemd/user";
}

std::vector<std::string> packaged_unit_folders(const ServicePlace& place) {
  const std::string kind = place.system ? "system" : "user";
  return {"/usr/lib/systemd/" + kind, "/lib/systemd/" + kind, "/usr/local/lib/systemd/" + kind};
}

std::vector<ServiceStep> systemd_steps(const std::string& action, const ServicePlace& place) {
  if (action == "install") return install(place);
  if (action == "uninstall") return uninstall(place);
  if (action == "status") return {systemctl(place, {"status", "--no-pager", "siltgate.service"}, true)};
  if (action == "logs") {
    std::vector<std::string> words{"journalctl", place.system ? "--unit=siltgate.service" : "--user-unit=siltgate.service", "--lines=100"};
    words.emplace_back(place.follow ? "--follow" : "--no-pager");
    return {{Kind::run, "", "", 0, std::move(words), false}};
  }
  if (action == "stop" && place.socket_unit) return {systemctl(place, {"stop", "siltgate.socket", "siltgate.service"})};
  return {systemctl(place, {action, "siltgate.service"})};
}

}  // namespace siltgate::cli
