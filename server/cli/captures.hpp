// SPDX-License-Identifier: Apache-2.0
// Captures as the verbs find them: those of the running siltgate, of this user, of the system's service. None has to run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/io.hpp"
#include "observe/capture_reader.hpp"

namespace siltgate::cli {

/// The folders to look in, the running instance's first.
std::vector<std::string> capture_folders(const Command& command, const Io& io);

/// The capture named by command.id (an ID, its beginning, "last", a file). Empty: the complaint is printed, `exit` is set.
std::optional<observe::Capture> open_capture(const Command& command, const Io& io, int& exit);

/// The same without a word when there is none.
std::optional<observe::Capture> find_capture_quietly(const Command& command, const Io& io);

/// command.attempt of it, or the last one with a body. Null: the complaint is printed, `exit` is set.
const observe::CapturedAttempt* choose_attempt(const observe::Capture& capture, const Command& command, const Io& io, int& exit);

}  // namespace siltgate::cli
