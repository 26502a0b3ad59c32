// SPDX-License-Identifier: Apache-2.0
// Other programs, run without a shell. POSIX, the same on Linux and macOS. Knows no verbs.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"

namespace siltgate::cli {

/// Runs it with our terminal and waits. Its exit code; 127 when it cannot be started, 128 + N when signal N ended it.
int run_child(const std::vector<std::string>& words);

struct ChildOutput {
  int exit = 127;
  std::string out;      // standard output, at most 64 KiB
};
/// Runs it without input; killed when `timeout` is over (exit 124).
ChildOutput capture_child(const std::vector<std::string>& words, Duration timeout);

/// Where on PATH, or "".
std::string find_program(const std::string& name, const std::string& path);
/// The program that runs here: an absolute path, or "siltgate".
std::string own_program();

}  // namespace siltgate::cli
