// SPDX-License-Identifier: Apache-2.0
// What is to be said about opencode's own configuration and surroundings: does it go through siltgate, and will it start?
// The facts behind it: docs/clients/opencode.md. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/finding.hpp"

namespace siltgate::doctor {

struct OpencodeSeen {
  struct File {
    std::string path, text;
    bool readable = true;
  };
  std::vector<File> files;                 // those that exist, weakest first
  std::vector<std::string> addresses;      // of siltgate: "127.0.0.1:4290"
  bool installed = false;
  std::string version;                     // "1.18.33"; "" = not known

  enum class Input { terminal, ends, waits } input = Input::terminal;   // waits: neither a byte nor its end has come

  bool plugins_disabled = false;           // OPENCODE_DISABLE_DEFAULT_PLUGINS
  bool modules = false;                    // node_modules in opencode's configuration folder
  std::string modules_folder;
  bool models_cached = false;
  std::string registry;                    // where plugins come from
  std::optional<std::string> registry_fault;   // not set = not asked; "" = reachable
};

Findings judge_opencode(const OpencodeSeen& seen);

/// "1.15.13" and later contain a Bun that does not repeat a POST. Empty for what is no version.
std::optional<bool> replays_requests(const std::string& version);

}  // namespace siltgate::doctor
