// SPDX-License-Identifier: Apache-2.0
// Where captures lie and which of them is meant. Reads the file system, knows no running siltgate.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/capture_retention.hpp"

namespace siltgate::observe {

using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/siltgate, else ~/.local/state/siltgate; "" when none of them is set.
std::string state_directory(const EnvLookup& env);
/// Where captures may lie for somebody with this environment: theirs, their service's, then the system service's.
std::vector<std::string> capture_folders(const EnvLookup& env);

/// Oldest first.
std::vector<CaptureFile> list_captures(const std::string& folder);

struct FoundCapture {
  std::string path;                     // "" = none or several
  std::vector<std::string> candidates;  // ids, when several begin so
};
/// By path of a file, whole id, beginning of an id ("sg_ab" or "ab"), or "last" (the newest of all folders).
FoundCapture find_capture(const std::vector<std::string>& folders, const std::string& name);

/// The whole file; empty when it can't be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace siltgate::observe
