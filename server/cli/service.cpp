// SPDX-License-Identifier: Apache-2.0
// `service ACTION`: takes the steps and says each before it takes it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/child.hpp"
#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/service_steps.hpp"
#include "cli/verbs.hpp"

namespace siltgate::cli {
namespace {

namespace fs = std::filesystem;

#if defined(__APPLE__)
constexpr bool has_launchd = true;
#else
constexpr bool has_launchd = false;
#endif

ServicePlace place_of(const Command& command, const Io& io) {
  ServicePlace place;
  place.uid = static_cast<unsigned>(::geteuid());
  place.system = command.system || (!command.user && place.uid == 0);
  place.program = own_program();
  place.home = io.env("HOME").value_or("");
  place.config_home = io.env("XDG_CONFIG_HOME").value_or("");
  if (place.config_home.empty()) place.config_home = place.home + "/.config";
  place.follow = command.follow;
  std::error_code ignored;
  if (!has_launchd) {
    place.socket_unit = fs::exists(own_unit_folder(place) + "/siltgate.socket", ignored);
    for (const std::string& folder : packaged_unit_folders(place)) {
      place.unit_packaged = place.unit_packaged || fs::exists(folder + "/siltgate.service", ignored);
      place.socket_unit = place.socket_unit || fs::exists(folder + "/siltgate.socket", ignored);
    }
  }
  place.config_exists = fs::exists(service_config(place), ignored);
  return place;
}

bool changes_something(const std::string& action) { return action != "status" && action != "logs"; }

// Why it cannot be done here:
//   1. there is no systemd to speak to (a container, WSL 1, another init)
//   2. a system service needs root
//   3. the sandbox of the system service hides the program
//   4. systemd takes no such path for a program
int refuse(const Command& command, const ServicePlace& place, const Io& io) {
  std::error_code ignored;
  if (!has_launchd && !fs::exists("/run/systemd/system", ignored)) {   // 1
    std::string init;
    std::ifstream("/proc/1/comm") >> init;
    return complain(io, command, "systemd does not run here (process 1 is " + (init.empty() ? "unknown" : init) + "; a container?), so there is nothing to " + command.action +
                                     " a service with. Run siltgate in the foreground: siltgate run; or see what would be done: siltgate service " + command.action + " --dry-run", exit_unavailable);
  }
  if (place.system && place.uid != 0 && changes_something(command.action))   // 2
    return complain(io, command, "a service of the whole system needs root: sudo siltgate service " + command.action + " --system; for you alone: siltgate service " + command.action + " --user", exit_not_permitted);
  const bool hidden = place.program.starts_with("/home/") || place.program.starts_with("/root/");
  if (!has_launchd && place.system && hidden && command.action == "install" && !place.unit_packaged)   // 3
    return complain(io, command, "the system service cannot see " + place.program + " (home directories are hidden from it); install siltgate first: sudo cmake --install build/release", exit_usage);
  if (!has_launchd && command.action == "install" && !place.unit_packaged && place.program.find_first_of("\"'\\") != std::string::npos)   // 4
    return complain(io, command, "systemd starts no program whose path has quotes or backslashes: " + place.program + "; move siltgate, then install it from there", exit_usage);
  return exit_ok;
}

std::string system_says(const std::string& what) { return what + ": " + std::strerror(errno); }

/// "" or what failed.
std::string write_file(const ServiceStep& step) {
  std::error_code error;
  fs::create_directories(fs::path(step.path).parent_path(), error);
  if (error) return "cannot make the folder of " + step.path + ": " + error.message();
  const std::string beside = step.path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, step.mode);
  if (file < 0) return system_says("cannot write " + beside);
  std::string fault = ::fchmod(file, static_cast<mode_t>(step.mode)) == 0 ? "" : system_says("cannot set the mode of " + beside);
  for (std::string_view text = step.text; !text.empty() && fault.empty();) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) fault = system_says("cannot write " + beside);
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  ::close(file);
  if (fault.empty() && ::rename(beside.c_str(), step.path.c_str()) != 0) fault = system_says("cannot write " + step.path);
  return fault;
}

/// 0 to go on.
int take(const ServiceStep& step, const Command& command, const Io& io) {
  if (step.kind == ServiceStep::Kind::write) {
    const std::string fault = write_file(step);
    return fault.empty() ? exit_ok : complain(io, command, fault, errno == EACCES || errno == EPERM || errno == EROFS ? exit_not_permitted : exit_failed);
  }
  if (step.kind == ServiceStep::Kind::remove) {
    if (::unlink(step.path.c_str()) == 0 || errno == ENOENT) return exit_ok;
    return complain(io, command, system_says("cannot remove " + step.path), errno == EACCES || errno == EPERM ? exit_not_permitted : exit_failed);
  }
  const int exit = run_child(step.words);
  if (exit == 0 || step.may_fail) return exit_ok;
  if (exit == 127) return complain(io, command, step.words.front() + " is not installed here", exit_unavailable);
  std::string advice;
  if (step.words.size() > 1 && step.words[1] == "--user") advice = ". A user service needs a session of that user: log in as that user, or once: loginctl enable-linger \"$USER\"";
  return complain(io, command, "\"" + step.shown() + "\" ended with " + std::to_string(exit) + "; its own words stand above" + advice, exit_failed);
}

std::string next_step(const Command& command, const ServicePlace& place) {
  const std::string scope = place.system ? " --system" : " --user";
  if (command.action == "install") return "installed. The configuration is " + service_config(place) + "; try it with \"siltgate check --config " + service_config(place) + "\", then: siltgate service start" + scope;
  if (command.action == "uninstall") return "uninstalled. " + service_config(place) + " is left as it is";
  if (command.action == "start") return "started; how it stands: siltgate service status" + scope;
  return {};
}

}  // namespace

int service(const Command& command, const Io& io) {
  const ServicePlace place = place_of(command, io);
  const auto steps = has_launchd ? launchd_steps(command.action, place) : systemd_steps(command.action, place);
  if (command.dry_run) {
    for (const ServiceStep& each : steps) {
      io.out << each.shown() << '\n';
      std::istringstream lines(each.text);
      for (std::string line; std::getline(lines, line);) io.out << "    " << line << '\n';
    }
    return exit_ok;
  }
  if (const int exit = refuse(command, place, io); exit != exit_ok) return exit;
  for (const ServiceStep& each : steps) {
    say(io, command, "+ " + each.shown());
    if (const int exit = take(each, command, io); exit != exit_ok) return exit;
  }
  if (const std::string next = next_step(command, place); !next.empty()) say(io, command, next);
  return exit_ok;
}

}  // namespace siltgate::cli
