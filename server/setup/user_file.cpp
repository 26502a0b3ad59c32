// SPDX-License-Identifier: Apache-2.0
#include "setup/user_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "observe/sha256.hpp"

namespace siltgate::setup {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view backup_mark = ".siltgate-backup-", absent_mark = ".siltgate-absent-";

std::string hash_of(std::string_view text) { return observe::sha256_hex(text).substr(0, 12); }

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Where the links lead, also when the last of them leads to nothing yet.
std::string target_of(const std::string& path) {
  fs::path at = path;
  std::error_code error;
  for (int hops = 0; hops < 16 && fs::is_symlink(at, error); ++hops) {
    const fs::path next = fs::read_symlink(at, error);
    if (error) break;
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return at.string();
}

struct Stored {
  std::string path, hash;
  bool absent = false;
};

/// What earlier writes left beside `target`.
std::vector<Stored> stored_beside(const std::string& target) {
  std::vector<Stored> out;
  const fs::path file = target;
  std::error_code error;
  fs::directory_iterator entries(file.parent_path(), error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    const std::string name = entries->path().filename().string(), own = file.filename().string();
    for (std::string_view mark : {backup_mark, absent_mark}) {
      const std::string front = own + std::string(mark);
      if (name.starts_with(front)) out.push_back({entries->path().string(), name.substr(front.size()), mark == absent_mark});
    }
  }
  return out;
}

std::string system_says(const std::string& what) { return what + ": " + std::strerror(errno); }

/// Writes, flushes and closes; "" or what failed.
std::string fill(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_says("cannot write " + path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file) == 0 ? "" : system_says("cannot flush " + path);
}

/// Beside `target`, with the mode and owner of `like`, then renamed. "" or what failed; errno is of the failure.
std::string replace_file(const std::string& target, std::string_view text, const struct stat* like) {
  std::string beside = target + ".siltgate-XXXXXX";
  const int file = ::mkstemp(beside.data());
  if (file < 0) return system_says("cannot write beside " + target);
  std::string fault = fill(file, text, beside);
  if (fault.empty() && ::fchmod(file, like ? like->st_mode & 07777 : 0600) != 0) fault = system_says("cannot set the mode of " + beside);
  const bool other_owner = like && (like->st_uid != ::geteuid() || like->st_gid != ::getegid());
  if (fault.empty() && other_owner && ::fchown(file, like->st_uid, like->st_gid) != 0)
    fault = system_says("cannot keep the owner of " + target + "; run this as the user it belongs to");
  if (::close(file) != 0 && fault.empty()) fault = system_says("cannot close " + beside);
  if (fault.empty() && ::rename(beside.c_str(), target.c_str()) != 0) fault = system_says("cannot replace " + target);
  if (!fault.empty()) {
    const int reason = errno;
    ::unlink(beside.c_str());
    errno = reason;
  }
  return fault;
}

Written failed(std::string fault) {
  return {"", std::move(fault), errno == EACCES || errno == EPERM || errno == EROFS};
}

}  // namespace

Written write_with_backup(const std::string& path, bool existed, std::string_view before, std::string_view text) {
  if (existed && before == text) return {};
  const std::string target = target_of(path);
  std::error_code error;
  fs::path folder = fs::path(target).parent_path();
  if (!folder.empty() && !fs::exists(folder, error)) {
    const auto mask = ::umask(0077);
    fs::create_directories(folder, error);
    ::umask(mask);
    errno = error.value();
    if (error) return failed("cannot make the folder " + folder.string() + ": " + error.message());
  }
  struct stat about {};
  const bool there = ::stat(target.c_str(), &about) == 0;
  if (there != existed || (there && read_text(target).value_or("") != before))
    return {"", target + " was changed by somebody else just now; nothing was written. Run this again", false};
  // The first backup is the user's own text: a later write takes it over instead of backing up what siltgate wrote.
  std::optional<Stored> first;
  for (const Stored& each : stored_beside(target))
    if (existed && each.hash == hash_of(before)) first = each;
  const bool absent = first ? first->absent : !existed;
  const std::string backup = target + std::string(absent ? absent_mark : backup_mark) + hash_of(text);
  if (!(first && first->path == backup)) {
    const std::string original = first ? read_text(first->path).value_or("") : std::string(before);
    if (std::string fault = replace_file(backup, original, there ? &about : nullptr); !fault.empty()) return failed(std::move(fault));
  }
  if (std::string fault = replace_file(target, text, there ? &about : nullptr); !fault.empty()) {
    const Written out = failed(std::move(fault));
    if (!first) ::unlink(backup.c_str());
    return out;
  }
  if (first && first->path != backup) ::unlink(first->path.c_str());
  return {backup, "", false};
}

Undone undo_write(const std::string& path) {
  Undone out;
  const std::string target = target_of(path);
  const auto now = read_text(target);
  const auto stored = stored_beside(target);
  if (stored.empty()) return out;
  out.after = now.value_or("");
  for (const Stored& each : stored) {
    out.backup = each.path;
    out.before = read_text(each.path).value_or("");
    out.state = Undone::State::changed;
    if (!now || each.hash != hash_of(*now)) continue;
    struct stat about {};
    ::stat(target.c_str(), &about);
    out.state = each.absent ? Undone::State::removed : Undone::State::restored;
    out.fault = !each.absent ? replace_file(target, out.before, &about) : ::unlink(target.c_str()) == 0 ? "" : system_says("cannot remove " + target);
    if (!out.fault.empty()) {
      out.state = Undone::State::failed;
      out.not_permitted = errno == EACCES || errno == EPERM || errno == EROFS;
      return out;
    }
    ::unlink(each.path.c_str());
    return out;
  }
  return out;
}

}  // namespace siltgate::setup
