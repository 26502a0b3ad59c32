// SPDX-License-Identifier: Apache-2.0
// Owns everything that runs: listeners, scheduler, pool, exchanges, log, history. Starts, reloads, drains and stops them.
// One thread runs an App; only stop() and reload() may be called from others.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/inherited.hpp"
#include "settings/settings.hpp"

namespace siltgate::app {

struct StartFailure {
  int exit_code = 69;     // sysexits: 69 cannot listen, 77 not permitted, 78 configuration
  std::string message;    // culprit, place, remedy
};

struct Surroundings {
  std::string config_file;  // "" = none
  /// Reads the settings anew for a reload: the settings, or why they are refused.
  std::function<std::variant<settings::Settings, std::string>()> read_settings;
  bool handle_signals = false;   // SIGTERM and SIGINT drain, SIGHUP reloads
  bool control_socket = true;
  std::string state_directory;   // where what was learned outlives a restart; "" = nowhere
  std::vector<InheritedSocket> inherited;   // each serves the listen entry with its address and port
};

class App {
 public:
  App(settings::Settings settings, Surroundings surroundings);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Binds every listener and the control socket. Nothing is accepted before run().
  std::optional<StartFailure> start();
  /// Ports of the listeners, in the order of the settings; known after start().
  std::vector<std::uint16_t> ports() const;

  /// Until stopped. 0, or 75 when exchanges had to be cut because `drain` ran out.
  int run();
  /// No new work; running exchanges may finish within `drain`. A second call cuts them at once. Any thread.
  void stop();
  /// All or nothing; a refusal is logged and kept for `status`. Any thread.
  void reload();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace siltgate::app
