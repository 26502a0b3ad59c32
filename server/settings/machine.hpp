// SPDX-License-Identifier: Apache-2.0
// What loading a configuration asks of the machine: environment variables, files, the keychain. The rest of the room
// sees only these functions, so that tests answer in their place.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace siltgate::settings {

struct FileAnswer {
  enum class State { read, missing, not_permitted, failed } state = State::missing;
  std::string text;
  bool others_can_read = false;   // group or world has a read bit
  std::string why;                // failed: what the system said
};

struct KeychainAnswer {
  std::optional<std::string> secret;
  std::string why;   // when there is none
};

struct Machine {
  std::function<std::optional<std::string>(const std::string& name)> env;
  std::function<FileAnswer(const std::string& path)> read;
  std::function<KeychainAnswer(const std::string& service)> keychain;
};

/// The real one. Reads at most 1 MiB of a regular file.
Machine this_machine();

}  // namespace siltgate::settings
