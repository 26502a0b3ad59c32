// SPDX-License-Identifier: Apache-2.0
#include "net/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace siltgate::net {
namespace {

std::optional<std::string> from_env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return {};
  return std::string(value);
}

std::string first_part(const std::string& list) { return list.substr(0, list.find(':')); }

std::string temporary_directory(const ControlPlace& place) {
  return place.temporary + "/siltgate-" + std::to_string(place.user);
}

std::vector<std::string> client_directories(const ControlPlace& place) {
  std::vector<std::string> out;
  if (place.runtime_directory) out.push_back(first_part(*place.runtime_directory));
  if (place.xdg_runtime_dir) out.push_back(*place.xdg_runtime_dir + "/siltgate");
  out.push_back(temporary_directory(place));
  out.push_back(place.system);
  return out;
}

bool fill_address(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

std::string system_says(const std::string& what, int error) { return what + ": " + std::strerror(error); }

/// "" when `directory` is a directory of ours that nobody else can enter. systemd's own directory may be wider.
std::string check_directory(const std::string& directory, unsigned user, bool made_by_systemd) {
  struct stat info {};
  if (::lstat(directory.c_str(), &info) != 0) return system_says("cannot look at " + directory, errno);
  if (S_ISLNK(info.st_mode) && !made_by_systemd) return directory + " is a symbolic link; remove it";
  if (made_by_systemd && ::stat(directory.c_str(), &info) != 0) return system_says("cannot look at " + directory, errno);
  if (!S_ISDIR(info.st_mode)) return directory + " is not a directory; remove it";
  if ((info.st_mode & S_ISVTX) != 0 && (info.st_mode & S_IWOTH) != 0)
    return directory + " is everybody's; choose a directory of its own, such as " + directory + "/siltgate";
  if (info.st_uid != user) return directory + " belongs to another user (uid " + std::to_string(info.st_uid) + ")";
  const unsigned open_to_others = made_by_systemd ? S_IWGRP | S_IWOTH : S_IRWXG | S_IRWXO;
  return (info.st_mode & open_to_others) == 0 ? "" : directory + " is open to other users; chmod 700 " + directory;
}

void look_into(const std::string& directory, std::optional<std::uint16_t> port, FoundControl& found) {
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  if (error == std::errc::permission_denied) found.not_permitted.push_back(directory);
  for (const std::filesystem::directory_iterator end; !error && entries != end; entries.increment(error)) {
    const std::string path = entries->path().string();
    const auto named = port_of_control_path(path);
    if (!named || (port && *named != *port)) continue;
    const ControlState state = probe_control_socket(path);
    if (state == ControlState::live) found.live.push_back(path);
    if (state == ControlState::not_permitted) found.not_permitted.push_back(path);
  }
}

/// Anybody can make a directory in /tmp and pretend to be siltgate; the other places are guarded by the system.
bool trusted(const std::string& directory, const ControlPlace& place) {
  struct stat info {};
  if (directory != temporary_directory(place)) return true;
  return ::lstat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == place.user;
}

}  // namespace

ControlPlace this_process() {
  ControlPlace place;
  place.runtime_directory = from_env("RUNTIME_DIRECTORY");
  place.xdg_runtime_dir = from_env("XDG_RUNTIME_DIR");
  place.user = static_cast<unsigned>(::geteuid());
  return place;
}

std::string control_directory(const ControlPlace& place) {
  if (place.runtime_directory) return first_part(*place.runtime_directory);
  std::error_code error;
  if (place.xdg_runtime_dir && std::filesystem::is_directory(*place.xdg_runtime_dir, error))
    return *place.xdg_runtime_dir + "/siltgate";
  return temporary_directory(place);
}

std::string control_path_for(std::uint16_t port, const ControlPlace& place) {
  return control_directory(place) + "/control-" + std::to_string(port) + ".sock";
}

ControlState probe_control_socket(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return errno == EACCES ? ControlState::not_permitted : ControlState::absent;
  if (!S_ISSOCK(info.st_mode)) return ControlState::absent;
  sockaddr_un address;
  const int fd = fill_address(path, address) ? ::socket(AF_UNIX, SOCK_STREAM, 0) : -1;
  if (fd < 0) return ControlState::absent;
  const int failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  if (failed == 0) return ControlState::live;
  if (failed == EACCES || failed == EPERM) return ControlState::not_permitted;
  return failed == ECONNREFUSED ? ControlState::stale : ControlState::live;   // EAGAIN: its backlog is full
}

std::string prepare_control_socket(const std::string& path, const ControlPlace& place) {
  sockaddr_un address;
  if (!fill_address(path, address)) return path + " is longer than a socket path may be";
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const bool systemd = place.runtime_directory && first_part(*place.runtime_directory) == directory;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return system_says("cannot make " + directory, errno);
  if (std::string fault = check_directory(directory, place.user, systemd); !fault.empty()) return fault;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return path + " is not a socket; remove it";
  if (probe_control_socket(path) != ControlState::stale) return "another siltgate is live at " + path;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_says("cannot remove " + path, errno);
  return {};
}

bool restrict_control_socket(const std::string& path) { return ::chmod(path.c_str(), 0600) == 0; }

FoundControl find_control_socket(std::optional<std::uint16_t> port, const ControlPlace& place) {
  FoundControl found;
  for (const std::string& directory : client_directories(place))
    if (trusted(directory, place)) look_into(directory, port, found);
  std::sort(found.live.begin(), found.live.end());
  found.live.erase(std::unique(found.live.begin(), found.live.end()), found.live.end());
  if (found.live.size() == 1) found.path = found.live.front();
  return found;
}

std::optional<std::uint16_t> port_of_control_path(std::string_view path) {
  constexpr std::string_view front = "control-", back = ".sock";
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with(front) || !name.ends_with(back) || name.size() <= front.size() + back.size()) return {};
  name = name.substr(front.size(), name.size() - front.size() - back.size());
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), port);
  if (error != std::errc{} || end != name.data() + name.size()) return {};
  return port;
}

}  // namespace siltgate::net
