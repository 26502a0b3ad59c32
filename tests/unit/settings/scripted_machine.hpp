// SPDX-License-Identifier: Apache-2.0
// A Machine whose environment and files are what the test says.
#pragma once

#include <map>
#include <string>

#include "settings/load.hpp"

namespace siltgate::settings {

struct ScriptedMachine {
  std::map<std::string, std::string> env;
  std::map<std::string, FileAnswer> files;
  std::map<std::string, std::string> keychain;

  void file(const std::string& path, std::string text, bool others_can_read = false) {
    files[path] = {FileAnswer::State::read, std::move(text), others_can_read, ""};
  }

  Machine machine() const {
    Machine out;
    out.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env.find(name);
      return found == env.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    out.read = [this](const std::string& path) {
      const auto found = files.find(path);
      return found == files.end() ? FileAnswer{} : found->second;
    };
    out.keychain = [this](const std::string& service) -> KeychainAnswer {
      const auto found = keychain.find(service);
      if (found == keychain.end()) return {{}, "no such password"};
      return {found->second, ""};
    };
    return out;
  }
};

}  // namespace siltgate::settings
