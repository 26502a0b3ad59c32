// SPDX-License-Identifier: Apache-2.0
#include "net/port_owner.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

namespace siltgate::net {

#if defined(__linux__)
namespace {

namespace fs = std::filesystem;

/// Inodes of the sockets that listen on `port`: columns 1 (address:port in hex), 3 (state, 0A = LISTEN) and 9 of the table.
void listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) inodes.insert("socket:[" + inode + "]");
  }
}

bool holds_one(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  fs::directory_iterator entries(process / "fd", error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    std::error_code unreadable;
    if (inodes.count(fs::read_symlink(entries->path(), unreadable).string()) > 0) return true;
  }
  return false;
}

std::string name_of(const fs::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

std::string port_owner(std::uint16_t port) {
  std::set<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return {};
  std::error_code error;
  fs::directory_iterator entries("/proc", error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    const std::string pid = entries->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (holds_one(entries->path(), inodes)) return name_of(entries->path()) + " (pid " + pid + ")";
  }
  return "a process of another user";
}

#elif defined(__APPLE__)

std::string port_owner(std::uint16_t port) {
  const std::string command =
      "/usr/sbin/lsof -nP -iTCP:" + std::to_string(port) + " -sTCP:LISTEN -Fpc 2>/dev/null";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) return {};
  std::string pid, name;
  char line[256];
  while (std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    std::string text(line);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (text.empty()) continue;
    if (text.front() == 'p' && pid.empty()) pid = text.substr(1);
    if (text.front() == 'c' && name.empty()) name = text.substr(1);
  }
  return pid.empty() ? std::string{} : name + " (pid " + pid + ")";
}

#else

std::string port_owner(std::uint16_t) { return {}; }

#endif

}  // namespace siltgate::net
