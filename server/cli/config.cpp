// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/exit_code.hpp"
#include "cli/load.hpp"
#include "cli/verbs.hpp"
#include "settings/generate.hpp"

namespace siltgate::cli {
namespace {

/// 0 or errno. Never writes over a file; only the user may read it, for keys may be written into it.
int write_new_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  int failed = 0;
  while (!text.empty() && failed == 0) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) failed = errno;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::close(file) != 0 && failed == 0) failed = errno;
  return failed;
}

int init(const Command& command, const Io& io) {
  if (command.init_file.empty() || command.init_file == "-") {
    io.out << settings::example_text();
    return exit_ok;
  }
  const int failed = write_new_file(command.init_file, settings::example_text());
  if (failed == 0) {
    say(io, command, "wrote " + command.init_file + "; try it: siltgate check --config " + command.init_file);
    return exit_ok;
  }
  if (failed == EEXIST) return complain(io, command, command.init_file + " exists already; it was left alone", exit_usage);
  const int exit = failed == EACCES || failed == EPERM || failed == EROFS ? exit_not_permitted : exit_no_file;
  return complain(io, command, "cannot write " + command.init_file + ": " + std::strerror(failed), exit);
}

}  // namespace

int config(const Command& command, const Io& io) {
  if (command.init) return init(command, io);
  if (command.schema) {
    io.out << settings::schema_text();
    return exit_ok;
  }
  int exit = exit_ok;
  const auto loaded = load_settings(command, io, exit);
  if (loaded) io.out << settings::effective_text(*loaded);
  return exit;
}

}  // namespace siltgate::cli
