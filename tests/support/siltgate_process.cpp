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

}  // namespace

SiltgateProcess::SiltgateProcess(nlohmann::json settings)
    : process_({SILTGATE_PROGRAM, "run", "--config", folder_.write("siltgate.jsonc", with_own_port(std::move(settings)).dump())},
               folder_.path() + "/log",
               {"XDG_RUNTIME_DIR=" + folder_.path(), "XDG_STATE_HOME=" + folder_.path(), "XDG_CONFIG_HOME=" + folder_.path()}) {
  port_ = static_cast<std::uint16_t>(std::stoi(process_.after("listening on http://127.0.0.1:", '/')));
}

}  // namespace siltgate::test
