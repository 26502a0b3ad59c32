// SPDX-License-Identifier: Apache-2.0
// Steps for launchd. The property list is that of deploy/, embedded at build.
#include "base/shell_quote.hpp"
#include "cli/service_steps.hpp"
#include "settings/generate.hpp"

namespace siltgate::cli {

std::string_view launchd_plist(std::string_view name);

namespace {

using Kind = ServiceStep::Kind;

constexpr const char* label = "com.siltgate.siltgate";

std::string plist_path(const ServicePlace& place) {
  return (place.system ? std::string("/Library/LaunchDaemons/") : place.home + "/Library/LaunchAgents/") + label + ".plist";
}

std::string log_path(const ServicePlace& place) { return (place.system ? std::string() : place.home) + "/Library/Logs/siltgate.log"; }

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

/// A path as a word of the shell command inside the property list.
std::string shell_word(const std::string& path) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@";
  if (path.find_first_not_of(plain) == std::string::npos) return path;
  return xml_text(shell_quoted(path));
}

/// As a daemon it runs as the user `daemon`, not as root.
std::string plist_text(const ServicePlace& place) {
  std::string text(launchd_plist("com"));
  constexpr std::string_view packaged = "/usr/local/bin/siltgate", logs = "$HOME/Library/Logs", first_key = "<dict>\n";
  if (const auto at = text.find(packaged); at != std::string::npos) text.replace(at, packaged.size(), shell_word(place.program));
  if (!place.system) return text;
  if (const auto at = text.find(logs); at != std::string::npos) text.replace(at, logs.size(), "/Library/Logs");
  if (const auto at = text.find(first_key); at != std::string::npos) text.insert(at + first_key.size(), "  <key>UserName</key>\n  <string>daemon</string>\n");
  return text;
}

ServiceStep run(std::vector<std::string> words, bool may_fail = false) { return {Kind::run, "", "", 0, std::move(words), may_fail}; }

std::vector<ServiceStep> install(const ServicePlace& place, const std::string& domain) {
  std::vector<ServiceStep> out;
  if (!place.config_exists) out.push_back({Kind::write, service_config(place), settings::example_text(), place.system ? 0644u : 0600u, {}, false});
  out.push_back({Kind::write, plist_path(place), plist_text(place), 0644, {}, false});
  if (place.system) out.push_back(run({"/usr/bin/install", "-m", "0644", "-o", "daemon", "/dev/null", log_path(place)}));
  out.push_back(run({"launchctl", "enable", domain + "/" + label}));
  return out;
}

}  // namespace

std::vector<ServiceStep> launchd_steps(const std::string& action, const ServicePlace& place) {
  const std::string domain = place.system ? "system" : "gui/" + std::to_string(place.uid), service = domain + "/" + label;
  if (action == "install") return install(place, domain);
  if (action == "uninstall") return {run({"launchctl", "bootout", service}, true), {Kind::remove, plist_path(place), "", 0, {}, false}};
  if (action == "start") return {run({"launchctl", "bootstrap", domain, plist_path(place)}, true), run({"launchctl", "kickstart", service})};
  if (action == "stop") return {run({"launchctl", "bootout", service})};
  if (action == "status") return {run({"launchctl", "print", service}, true)};
  std::vector<std::string> words{"tail", "-n", "100"};
  if (place.follow) words.emplace_back("-f");
  words.push_back(log_path(place));
  return {run(std::move(words))};
}

}  // namespace siltgate::cli
