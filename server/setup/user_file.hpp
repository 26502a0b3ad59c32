// SPDX-License-Identifier: Apache-2.0
// A file that belongs to the user: written so that nothing is ever lost, and put back. The only file of the room that
// writes to the disk. Knows no format.
//
// A write leaves the text it replaces beside the file, in NAME.siltgate-backup-HASH, or an empty NAME.siltgate-absent-HASH where
// there was no file; HASH says what was written, so that undo knows whether the file was changed since.
#pragma once

#include <string>
#include <string_view>

namespace siltgate::setup {

struct Written {
  std::string backup;          // path; "" when the text was the same already
  std::string fault;           // "" = done
  bool not_permitted = false;
};

/// Puts `text` in place of `before`, which is what the file held when it was read (`existed`: it was there). Refuses when it
/// holds something else by now. Links are followed; the new file is written beside, flushed, given the old one's mode and
/// owner, and renamed over it. Folders on the way are made (0700). A second write keeps the backup of the first.
Written write_with_backup(const std::string& path, bool existed, std::string_view before, std::string_view text);

struct Undone {
  enum class State { restored, removed, nothing, changed, failed } state = State::nothing;
  std::string backup;          // the one used, or the one that was not fit
  std::string before, after;   // texts, for a diff
  std::string fault;
  bool not_permitted = false;
};
/// Restores what stood there before the first write, mode included. `changed`: the file is not what a write left; nothing was done.
Undone undo_write(const std::string& path);

}  // namespace siltgate::setup
