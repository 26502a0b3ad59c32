// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace siltgate::observe {
namespace {

namespace fs = std::filesystem;

constexpr const char* system_folder = "/var/lib/siltgate/captures";

std::string value_of(const EnvLookup& env, const char* name) { return env(name).value_or(""); }

bool begins(std::string_view id, std::string_view name) {
  constexpr std::string_view prefix = "sg_";
  return id.starts_with(name) || (id.starts_with(prefix) && id.substr(prefix.size()).starts_with(name));
}

/// Where systemd before version 254 lets a user's service keep its state: below the configuration.
std::string user_service_directory(const EnvLookup& env) {
  if (auto xdg = value_of(env, "XDG_CONFIG_HOME"); !xdg.empty()) return xdg + "/siltgate";
  if (auto home = value_of(env, "HOME"); !home.empty()) return home + "/.config/siltgate";
  return {};
}

}  // namespace

std::string state_directory(const EnvLookup& env) {
  if (auto systemd = value_of(env, "STATE_DIRECTORY"); !systemd.empty()) return systemd.substr(0, systemd.find(':'));
  if (auto xdg = value_of(env, "XDG_STATE_HOME"); !xdg.empty()) return xdg + "/siltgate";
  if (auto home = value_of(env, "HOME"); !home.empty()) return home + "/.local/state/siltgate";
  return {};
}

std::vector<std::string> capture_folders(const EnvLookup& env) {
  std::vector<std::string> out;
  if (const std::string own = state_directory(env); !own.empty()) out.push_back(own + "/captures");
  if (const std::string of_service = user_service_directory(env); !of_service.empty()) out.push_back(of_service + "/captures");
  out.emplace_back(system_folder);
  return out;
}

std::vector<CaptureFile> list_captures(const std::string& folder) {
  std::vector<CaptureFile> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    auto file = parse_capture_name(at->path().filename().string());
    if (!file) continue;
    std::error_code gone;
    file->size = fs::file_size(at->path(), gone);
    if (!gone) out.push_back(std::move(*file));
  }
  std::sort(out.begin(), out.end(), [](const CaptureFile& a, const CaptureFile& b) { return a.name < b.name; });
  return out;
}

FoundCapture find_capture(const std::vector<std::string>& folders, const std::string& name) {
  std::error_code error;
  if (name.find('/') != std::string::npos || name.ends_with(".jsonl")) {
    if (fs::is_regular_file(name, error)) return {name, {}};
  }
  FoundCapture found;
  std::string newest;
  for (const std::string& folder : folders)
    for (const CaptureFile& file : list_captures(folder)) {
      const std::string path = folder + "/" + file.name;
      if (name == "last" && file.name > newest) {
        newest = file.name;
        found.path = path;
      }
      if (file.id == name) return {path, {}};
      if (name == "last" || !begins(file.id, name)) continue;
      found.path = found.candidates.empty() ? path : "";
      found.candidates.push_back(file.id);
    }
  return found;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace siltgate::observe
