// SPDX-License-Identifier: Apache-2.0
// The program: the command line on one side, the App on the other.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <thread>

#include "app/app.hpp"
#include "app/memory.hpp"
#include "app/process.hpp"
#include "cli/verbs.hpp"

namespace {

using namespace siltgate;

int run_app(cli::RunRequest request) {
  app::Surroundings around;
  around.config_file = request.config_file;
  around.read_settings = request.read_settings;
  around.handle_signals = true;
  around.inherited = app::take_inherited();
  around.state_directory = app::state_directory();
  app::App app(std::move(request.settings), std::move(around));
  if (const auto failed = app.start()) {
    std::cerr << "siltgate: " << failed->message << '\n';
    return failed->exit_code;
  }
  return app.run();
}

cli::Running start_app(settings::Settings settings) {
  app::Surroundings around;
  around.control_socket = false;
  auto app = std::make_shared<app::App>(std::move(settings), std::move(around));
  cli::Running running;
  if (const auto failed = app->start()) {
    running.fault = failed->message;
    return running;
  }
  running.ports = app->ports();
  auto thread = std::make_shared<std::thread>([app] { app->run(); });
  running.stop = [app, thread] {
    app->stop();
    thread->join();
  };
  return running;
}

cli::Server make_server() { return {run_app, start_app}; }

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return {};
  return std::string(value);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);   // `siltgate log | head` ends by a failed write, sockets by an error
  app::fill_standard_descriptors();
  app::forbid_core_dumps();
  app::raise_descriptor_limit();
  const cli::Io io{std::cout, std::cerr, environment, ::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1};
  try {
    return cli::run_command_line({argv + 1, argv + argc}, io, make_server());
  } catch (const std::exception& bug) {
    std::cerr << "siltgate: a bug: " << bug.what() << '\n';
    return 70;
  }
}
