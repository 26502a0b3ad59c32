// SPDX-License-Identifier: Apache-2.0
// Where the control socket of a running siltgate lives, how it is bound without harm, and how clients find it.
// Knows no HTTP and opens no listener itself. Order of directories (the server takes the first that exists or can be made):
//   1. $RUNTIME_DIRECTORY (systemd)  2. $XDG_RUNTIME_DIR/siltgate  3. /tmp/siltgate-<uid>
// Clients look in all three and in /run/siltgate. The file is control-<port>.sock of the first listener, mode 0600.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace siltgate::net {

/// What of the process the paths depend on.
struct ControlPlace {
  std::optional<std::string> runtime_directory;   // $RUNTIME_DIRECTORY; its first part where systemd lists several
  std::optional<std::string> xdg_runtime_dir;     // $XDG_RUNTIME_DIR
  std::string temporary = "/tmp";
  std::string system = "/run/siltgate";           // looked into by clients only
  unsigned user = 0;                              // effective uid
};
/// Read from the environment of this process.
ControlPlace this_process();

/// The directory the server uses.
std::string control_directory(const ControlPlace& place);
std::string control_path_for(std::uint16_t port, const ControlPlace& place = this_process());

/// Is somebody listening on this socket?
enum class ControlState { absent, stale, live, not_permitted };
ControlState probe_control_socket(const std::string& path);

/// Makes the directory (0700) where needed and removes a stale socket, so that bind() can follow. Returns "" or a sentence:
/// the directory is a symlink, belongs to somebody else or is open to others; another siltgate is live here; the path
/// is longer than sun_path. Call restrict_control_socket() after bind and before listen.
std::string prepare_control_socket(const std::string& path, const ControlPlace& place = this_process());
/// Mode 0600. False when the system refuses.
bool restrict_control_socket(const std::string& path);

/// What a client found.
struct FoundControl {
  std::string path;                       // "" = nothing fit for use
  std::vector<std::string> live;          // every live socket seen, sorted
  std::vector<std::string> not_permitted; // sockets there that we may not open
};
/// `port` set: only that one. Otherwise exactly one live socket is taken; with several `path` stays empty.
FoundControl find_control_socket(std::optional<std::uint16_t> port, const ControlPlace& place = this_process());
/// The port in ".../control-4290.sock", or nothing.
std::optional<std::uint16_t> port_of_control_path(std::string_view path);

}  // namespace siltgate::net
