// SPDX-License-Identifier: Apache-2.0
#include "app/memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/state.hpp"
#include "observe/capture_files.hpp"
#include "stream/utf8.hpp"

namespace siltgate::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* file_name = "learned.json";

/// Written beside and renamed over, so that a crash leaves the old file or the new one. False when the system refuses.
bool replace_file(const fs::path& path, const std::string& text) {
  fs::path next = path;
  next += ".new";
  ::unlink(next.c_str());
  int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = ::close(fd) == 0 && written;
  return written && ::rename(next.c_str(), path.c_str()) == 0;
}

std::vector<schedule::LearnedLimit> limits_of(const json& memory) {
  std::vector<schedule::LearnedLimit> learned;
  for (const auto& entry : memory.at("limits"))
    learned.push_back({entry.at("scope"), entry.at("limit"), entry.at("refused_level"), entry.at("doublings")});
  return learned;
}

}  // namespace

std::string state_directory() {
  return observe::state_directory([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value) return {};
    return std::string(value);
  });
}

/// A file that can't be read or understood costs what was learned, never the start.
void App::State::remember() {
  if (surroundings.state_directory.empty()) return;
  fs::path path = fs::path(surroundings.state_directory) / file_name;
  std::ifstream file(path);
  if (!file) return;
  std::stringstream text;
  text << file.rdbuf();
  try {
    json memory = json::parse(text.str());
    services.salt = memory.at("salt").get<std::string>();
    learned = limits_of(memory);
    saved_memory = text.str();
  } catch (const json::exception& fault) {
    log.warn(path.string() + " is not understood and will be replaced: " + fault.what());
  }
}

/// A name that is no UTF-8 is not kept: clients choose the names of models, and JSON cannot spell this one.
void App::State::save_memory() {
  if (surroundings.state_directory.empty()) return;
  json memory = {{"salt", services.salt}, {"limits", json::array()}};
  for (const auto& limit : admission.export_state())
    if (stream::is_utf8(limit.scope))
      memory["limits"].push_back({{"scope", limit.scope}, {"limit", limit.limit}, {"refused_level", limit.refused_level}, {"doublings", limit.doublings}});
  std::string text = memory.dump(1, ' ', false, json::error_handler_t::replace) + "\n";   // the salt may be from Redis
  if (text == saved_memory) return;
  std::error_code ignored;
  fs::create_directories(surroundings.state_directory, ignored);
  bool saved = replace_file(fs::path(surroundings.state_directory) / file_name, text);
  if (!saved && saved_memory.empty()) log.warn("cannot write to " + surroundings.state_directory + ": what is learned ends with this run");
  saved_memory = text;
}

}  // namespace siltgate::app
