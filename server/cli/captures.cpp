// SPDX-License-Identifier: Apache-2.0
#include "cli/captures.hpp"

#include <algorithm>

#include "cli/control.hpp"
#include "cli/exit_code.hpp"
#include "observe/capture_files.hpp"
#include "observe/state.hpp"

namespace siltgate::cli {
namespace {

/// "" when none runs, or it does not answer.
std::string folder_of_running(const Command& command, const Io& io) {
  std::string fault;
  const Instance instance = look_for_instance(command, io, fault);
  if (instance.exit != 0) return {};
  const HttpReply reply = get(instance, "/-/api/state");
  if (reply.status != 200) return {};
  const auto state = observe::state_from_json(reply.body);
  return state ? state->capture_folder : "";
}

std::string none_found(const Command& command, const std::vector<std::string>& folders) {
  std::string where;
  for (const std::string& folder : folders) where += (where.empty() ? "" : ", ") + folder;
  const std::string which = command.id == "last" ? "no capture" : "no capture of \"" + command.id + "\"";
  return which + " in " + where +
         ". By default only exchanges that went wrong are recorded; run siltgate with --capture all to record every one";
}

std::optional<observe::Capture> read(const std::string& path) {
  const auto text = observe::read_file(path);
  return text ? observe::read_capture(*text) : std::nullopt;
}

}  // namespace

std::vector<std::string> capture_folders(const Command& command, const Io& io) {
  std::vector<std::string> folders = observe::capture_folders(io.env);
  const std::string running = folder_of_running(command, io);
  if (running.empty()) return folders;
  std::erase(folders, running);
  folders.insert(folders.begin(), running);
  return folders;
}

std::optional<observe::Capture> open_capture(const Command& command, const Io& io, int& exit) {
  const std::vector<std::string> folders = capture_folders(command, io);
  const observe::FoundCapture found = observe::find_capture(folders, command.id);
  if (found.path.empty()) {
    std::string sentence = none_found(command, folders);
    if (!found.candidates.empty()) {
      sentence = "several captures begin so:";
      for (const std::string& id : found.candidates) sentence += "\n  " + id;
    }
    exit = complain(io, command, sentence, exit_no_file);
    return {};
  }
  auto capture = read(found.path);
  if (!capture)
    exit = complain(io, command, found.path + " is no capture this version reads, or may not be read by this user", exit_no_file);
  return capture;
}

std::optional<observe::Capture> find_capture_quietly(const Command& command, const Io& io) {
  const observe::FoundCapture found = observe::find_capture(capture_folders(command, io), command.id);
  return found.path.empty() ? std::nullopt : read(found.path);
}

const observe::CapturedAttempt* choose_attempt(const observe::Capture& capture, const Command& command, const Io& io, int& exit) {
  const observe::CapturedAttempt* chosen = capture.attempt(command.attempt);
  if (command.attempt == 0)
    for (const observe::CapturedAttempt& attempt : capture.attempts)
      if (attempt.head) chosen = &attempt;   // the last one that was answered
  if (!chosen) {
    const std::string which = command.attempt == 0 ? "no request went upstream" : "there is no attempt " + std::to_string(command.attempt);
    exit = complain(io, command, capture.id + ": " + which + "; siltgate show " + capture.id + " lists what there is", exit_no_file);
  }
  return chosen;
}

}  // namespace siltgate::cli
