// SPDX-License-Identifier: Apache-2.0
// What it takes to run siltgate as a service: files to write and commands to run, for systemd and for launchd. Pure: the
// steps are data, service.cpp takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace siltgate::cli {

struct ServiceStep {
  enum class Kind { write, remove, run } kind = Kind::run;
  std::string path;                  // write, remove
  std::string text;                  // write
  unsigned mode = 0644;              // write
  std::vector<std::string> words;    // run
  bool may_fail = false;             // run: goes on whatever its exit code

  /// As one would type it.
  std::string shown() const;
};

/// What the steps depend on.
struct ServicePlace {
  bool system = false;               // else for the user alone
  std::string program;               // absolute path of siltgate
  std::string home;
  std::string config_home;           // $XDG_CONFIG_HOME or ~/.config
  unsigned uid = 0;
  bool unit_packaged = false;        // a package or `cmake --install` brought the unit or plist
  bool socket_unit = false;          // there is a siltgate.socket that may be enabled
  bool config_exists = false;
  bool follow = false;               // logs: go on
};

/// Where the configuration of such a service lives.
std::string service_config(const ServicePlace& place);
/// Where `install` and administrators put units of systemd.
std::string own_unit_folder(const ServicePlace& place);
/// Folders in which a package or `cmake --install` puts units.
std::vector<std::string> packaged_unit_folders(const ServicePlace& place);

/// `action`: install, uninstall, start, stop, status, logs.
std::vector<ServiceStep> systemd_steps(const std::string& action, const ServicePlace& place);
std::vector<ServiceStep> launchd_steps(const std::string& action, const ServicePlace& place);

}  // namespace siltgate::cli
