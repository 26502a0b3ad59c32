// SPDX-License-Identifier: Apache-2.0
// The only file of the room that touches the machine. POSIX, the same on Linux and macOS; the keychain is asked through
// macOS's own `security` program.
#include "settings/machine.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace siltgate::settings {
namespace {

#ifdef __APPLE__
constexpr bool has_keychain = true;
#else
constexpr bool has_keychain = false;
#endif
constexpr std::size_t largest = 1 << 20;

/// Closes a descriptor at the end of its scope.
struct Descriptor {
  int number;
  explicit Descriptor(int n) : number(n) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

/// Reads to the end; false on an error (errno) or beyond the bound (errno EFBIG).
bool read_all(int file, std::string& out) {
  std::array<char, 4096> part{};
  while (true) {
    const auto n = ::read(file, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    out.append(part.data(), static_cast<std::size_t>(n));
    if (out.size() > largest) {
      errno = EFBIG;
      return false;
    }
  }
}

FileAnswer read_file(const std::string& path) {
  FileAnswer out;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  const bool opened = file.number >= 0 && ::fstat(file.number, &about) == 0;
  if (!opened) {
    out.state = errno == ENOENT || errno == ENOTDIR   ? FileAnswer::State::missing
                : errno == EACCES || errno == EPERM ? FileAnswer::State::not_permitted
                                                      : FileAnswer::State::failed;
    out.why = std::strerror(errno);
    return out;
  }
  out.others_can_read = (about.st_mode & (S_IRGRP | S_IROTH)) != 0;
  out.state = FileAnswer::State::failed;
  if (S_ISDIR(about.st_mode))
    out.why = "it is a directory";
  else if (!S_ISREG(about.st_mode))
    out.why = "it is not a regular file";
  else if (read_all(file.number, out.text))
    out.state = FileAnswer::State::read;
  else
    out.why = std::strerror(errno);
  return out;
}

KeychainAnswer ask_keychain(const std::string& service) {
  if (!has_keychain) return {{}, "there is a keychain on macOS only; use {file:/path} or {env:NAME} here"};
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) return {{}, std::strerror(errno)};
  const Descriptor from(ends[0]);
  std::array<std::string, 5> words{"security", "find-generic-password", "-s", service, "-w"};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child = 0;
  const int started = ::posix_spawn(&child, "/usr/bin/security", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (started != 0) return {{}, std::string("cannot run security: ") + std::strerror(started)};
  KeychainAnswer out;
  std::string text;
  const bool read = read_all(from.number, text);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (read && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    out.secret = text;
  else
    out.why = "the keychain has no readable password for this service; add one with: security add-generic-password -s " +
              service + " -a siltgate -w";
  return out;
}

}  // namespace

Machine this_machine() {
  Machine out;
  out.env = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  out.read = read_file;
  out.keychain = ask_keychain;
  return out;
}

}  // namespace siltgate::settings
