// SPDX-License-Identifier: Apache-2.0
#include "cli/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <limits>
#include <sstream>
#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif

extern char** environ;

namespace siltgate::cli {
namespace {

std::vector<char*> arguments_of(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

int exit_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 127; }

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 127;
  return exit_of(status);
}

/// Reads until the end, the bound, or too late; false when too late.
bool read_until_end(int from, std::string& out, TimePoint until) {
  std::array<char, 4096> part{};
  while (out.size() < 64 * 1024) {
    const auto left = to_ms(until - Clock::now());
    pollfd ready{from, POLLIN, 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got <= 0) return true;
    out.append(part.data(), static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

int run_child(const std::vector<std::string>& words) {
  std::vector<std::string> copy = words;
  std::cout.flush();
  pid_t child = 0;
  if (::posix_spawnp(&child, copy.front().c_str(), nullptr, nullptr, arguments_of(copy).data(), environ) != 0) return 127;
  return wait_for(child);
}

ChildOutput capture_child(const std::vector<std::string>& words, Duration timeout) {
  ChildOutput out;
  std::vector<std::string> copy = words;
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) return out;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, copy.front().c_str(), &actions, nullptr, arguments_of(copy).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed == 0) {
    const bool ended = read_until_end(ends[0], out.out, Clock::now() + timeout);
    if (!ended) ::kill(child, SIGKILL);
    out.exit = wait_for(child);
    if (!ended) out.exit = 124;
  }
  ::close(ends[0]);
  return out;
}

std::string find_program(const std::string& name, const std::string& path) {
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const std::string file = folder + "/" + name; !folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  return {};
}

std::string own_program() {
#if defined(__APPLE__)
  std::array<char, 4096> path{};
  auto size = static_cast<std::uint32_t>(path.size());
  if (::_NSGetExecutablePath(path.data(), &size) != 0) return "siltgate";
  std::error_code error;
  const auto real = std::filesystem::canonical(path.data(), error);
#else
  std::error_code error;
  const auto real = std::filesystem::read_symlink("/proc/self/exe", error);
#endif
  return error ? "siltgate" : real.string();
}

}  // namespace siltgate::cli
