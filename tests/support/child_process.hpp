// SPDX-License-Identifier: Apache-2.0
// A program run by a test, with its output in a file, in a folder of its own. Ends with its object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "support/wire.hpp"

namespace siltgate::test {

class ChildProcess {
 public:
  /// `words` is the program and its arguments; `environment` is added to that of the test ("NAME=value"). Throws when it cannot start.
  ChildProcess(std::vector<std::string> words, const std::string& output_file, const std::vector<std::string>& environment = {});
  /// Kills it.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(int signal);
  /// SIGSTOP, and waits until it has stopped.
  void pause();
  void resume();
  /// SIGKILL, and waits until it is gone.
  void kill();
  bool running();
  /// The output so far.
  std::string output() const;
  /// What follows `mark` in the output up to the end of the line or `stop`; throws TooLate.
  std::string after(const std::string& mark, char stop = '\n', Deadline deadline = soon());

 private:
  pid_t pid_ = -1;
  std::string output_file_;
};

}  // namespace siltgate::test
