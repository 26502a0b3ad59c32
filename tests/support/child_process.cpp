// SPDX-License-Identifier: Apache-2.0
#include "support/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

extern char** environ;

namespace siltgate::test {

ChildProcess::ChildProcess(std::vector<std::string> words, const std::string& output_file, const std::vector<std::string>& environment)
    : output_file_(output_file) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<char*> arguments, variables;
  for (auto& word : words) arguments.push_back(word.data());
  std::vector<std::string> added = environment;
  for (auto& variable : added) variables.push_back(variable.data());
  for (char** variable = environ; *variable; ++variable) variables.push_back(*variable);
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  const int failed = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed) throw std::runtime_error("cannot start " + words[0] + "; deploy/packages.sh lists what the tests need");
}

ChildProcess::~ChildProcess() { kill(); }

void ChildProcess::send(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

void ChildProcess::pause() {
  send(SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void ChildProcess::resume() { send(SIGCONT); }

void ChildProcess::kill() {
  if (pid_ <= 0) return;
  send(SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
}

bool ChildProcess::running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

std::string ChildProcess::output() const {
  std::ifstream file(output_file_);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ChildProcess::after(const std::string& mark, char stop, Deadline deadline) {
  for (;;) {
    const std::string text = output();
    const auto at = text.find(mark);
    const auto end = at == std::string::npos ? at : text.find(stop, at + mark.size());
    if (end != std::string::npos) return text.substr(at + mark.size(), end - at - mark.size());
    if (std::chrono::steady_clock::now() >= deadline || !running()) throw TooLate("no '" + mark + "' in: " + text);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace siltgate::test
