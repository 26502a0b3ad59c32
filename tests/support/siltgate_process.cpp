// SPDX-License-Identifier: Apache-2.0
#include "support/siltgate_process.hpp"

#ifndef SILTGATE_PROGRAM
#error "the build names the program under test"
#endif

namespace siltgate::test {
namespace {

nlohmann::json with_own_port(nlohmann::json settings) {
  settings["listen"] = {"127.0.0.1:0"};
  settings["log"]["level"] = "info";
  settings["log"]["format"] = "text";
  return settings;
}

std::vector<std::string> with_own_folders(std::vector<std::string> environment, const std::string& folder) {
  for (const char* name : {"XDG_RUNTIME_DIR=", "XDG_STATE_HOME=", "XDG_CONFIG_HOME="}) environment.push_back(name + folder);
  return environment;
}

}  // namespace

SiltgateProcess::SiltgateProcess(nlohmann::json settings, std::vector<std::string> environment)
    : process_({SILTGATE_PROGRAM, "run", "--config", folder_.write("siltgate.jsonc", with_own_port(std::move(settings)).dump())},
               folder_.path() + "/log",
               with_own_folders(std::move(environment), folder_.path())) {
  port_ = static_cast<std::uint16_t>(std::stoi(process_.after("listening on http://127.0.0.1:", '/')));
}

}  // namespace siltgate::test
