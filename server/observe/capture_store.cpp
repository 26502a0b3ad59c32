// SPDX-License-Identifier: Apache-2.0
// POSIX only. A part is opened for each append and closed again: thousands of streams hold no descriptor.
#include "observe/capture_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace siltgate::observe {
namespace {

namespace fs = std::filesystem;

/// 0, or the errno of what failed.
int append_file(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  int failed = 0;
  while (!bytes.empty() && failed == 0) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) failed = wrote < 0 ? errno : ENOSPC;
    else bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::close(fd) != 0 && failed == 0) failed = errno;
  return failed;
}

/// The folder and its parents, 0700 where they are new; 0, or errno.
int make_folder(const std::string& folder) {
  if (folder.empty()) return ENOENT;
  for (std::size_t at = folder.find('/', 1);; at = folder.find('/', at + 1)) {
    if (::mkdir(folder.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) return errno;
    if (at == std::string::npos) return 0;
  }
}

/// What a user can do about an errno.
std::string_view remedy(int failed) {
  if (failed == ENOSPC || failed == EDQUOT || failed == EFBIG) return "free some space, lower capture.max_total or set capture.mode to off";
  return "let siltgate write there or set capture.mode to off";
}

bool is_running(long pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM; }

}  // namespace

CaptureStore::CaptureStore(std::string folder, Report report) : folder_(std::move(folder)), report_(std::move(report)) {
  // Parts with our own pid are from before: in a container every start has the same one.
  std::error_code none;
  for (fs::directory_iterator at(folder_, none), end; !none && at != end; at.increment(none))
    if (part_owner(at->path().filename().string()) == ::getpid()) ::unlink(at->path().c_str());
}

void CaptureStore::configure(Bytes max_total, Duration max_age, bool keeps_all, WallTime now) {
  max_total_ = max_total;
  max_age_ = max_age;
  keeps_all_ = keeps_all;
  sweep(now);
  while (!fits(0)) {
    Part* largest = largest_part(nullptr);
    if (!largest) break;
    give_up(*largest);
  }
}

void CaptureStore::sweep(WallTime now) {
  files_.clear();
  finished_bytes_ = 0;
  std::error_code none;
  for (fs::directory_iterator at(folder_, none), end; !none && at != end; at.increment(none)) {
    const std::string name = at->path().filename().string();
    std::error_code gone;
    if (const auto owner = part_owner(name); owner && !is_running(*owner)) fs::remove(at->path(), gone);
    auto file = parse_capture_name(name);
    if (!file) continue;
    file->size = fs::file_size(at->path(), gone);
    if (gone) continue;
    finished_bytes_ += file->size;
    files_.push_back(std::move(*file));
  }
  std::sort(files_.begin(), files_.end(), [](const CaptureFile& a, const CaptureFile& b) { return a.name < b.name; });
  trim(now);
}

void CaptureStore::remove_oldest(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ::unlink((folder_ + "/" + files_[i].name).c_str());
    finished_bytes_ -= files_[i].size;
  }
  files_.erase(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(count));
}

/// Finished captures that are too old, or over what is theirs.
void CaptureStore::trim(WallTime now) {
  const std::uint64_t others = keeps_all_ ? std::min(part_bytes_, share_of_parts()) : share_of_parts();
  remove_oldest(surplus(files_, others, max_total_.count, max_age_, now));
}

CaptureStore::Part* CaptureStore::largest_part(const Part* but) {
  Part* largest = nullptr;
  for (auto& [number, part] : parts_)
    if (&part != but && part.size > 0 && (!largest || part.size > largest->size)) largest = &part;
  return largest;
}

/// 1. Finished captures go, the oldest first, while they take more than their share.
/// 2. Parts go, the longest first: of many streams under way that is the one least likely to end as evidence.
/// 3. Finished captures go for one that is worth keeping as well.
/// Afterwards the bytes fit or `part` was given up.
void CaptureStore::make_room(Part& part, std::uint64_t bytes, bool kept) {
  while (!fits(bytes) && !files_.empty() && finished_bytes_ > max_total_.count - share_of_parts()) remove_oldest(1);   // 1
  while (!fits(bytes)) {                                                                                               // 2
    Part* largest = largest_part(&part);
    if (!largest || (!kept && largest->size < part.size + bytes)) break;
    give_up(*largest);
  }
  while (kept && !fits(bytes) && !files_.empty()) remove_oldest(1);                                                    // 3
  if (!fits(bytes)) give_up(part);
}

CaptureStore::Part& CaptureStore::part_of(const std::shared_ptr<const CaptureSubject>& subject) {
  auto [at, is_new] = parts_.try_emplace(subject->number, subject);
  if (is_new) at->second.path = fmt::format("{}/.{}-{}-{}.part", folder_, subject->id, ::getpid(), subject->number);
  return at->second;
}

void CaptureStore::write(CaptureBatch&& batch, WallTime now) {
  Part& part = part_of(batch.subject);
  if (part.lost || part.truncated) return;
  append(part, part.encoder.add(std::move(batch)), now, Piece::under_way);
}

/// A capture of any length gets its tail.
void CaptureStore::append(Part& part, const std::string& lines, WallTime now, Piece piece) {
  if (lines.empty() || part.lost) return;
  if (piece != Piece::tail && part.size + lines.size() > longest_capture()) {
    part.truncated = true;
    return;
  }
  make_room(part, lines.size(), piece != Piece::under_way);
  if (part.lost) return;
  int failed = part.size == 0 ? make_folder(folder_) : 0;
  if (failed == 0) failed = append_file(part.path, lines);
  part.size += lines.size();
  part_bytes_ += lines.size();
  if (failed != 0) {
    give_up(part);
    stopped(fmt::format("captures stop: {}: {}; {}. Traffic goes on", folder_, std::generic_category().message(failed),
                        remedy(failed)), now);
  }
}

void CaptureStore::finish(const std::shared_ptr<const CaptureSubject>& subject, bool keep, const std::string& tail, WallTime now) {
  Part& part = part_of(subject);
  if (keep && !part.truncated) append(part, part.encoder.finish(), now, Piece::kept);
  if (keep)
    append(part, fmt::format("{{\"type\":\"tail\",\"complete\":{},\"masked\":{},{}}}\n", !part.truncated, part.encoder.masked(), tail), now, Piece::tail);
  if (keep && part.lost) say_lost(*subject, now);
  part_bytes_ -= part.size;
  if (keep && !part.lost) keep_file(part, *subject, now);
  else if (!part.lost) ::unlink(part.path.c_str());
  parts_.erase(subject->number);
}

void CaptureStore::keep_file(const Part& part, const CaptureSubject& subject, WallTime now) {
  CaptureFile file{capture_name(subject.started_at, subject.id), subject.id, subject.started_at, part.size};
  if (::rename(part.path.c_str(), (folder_ + "/" + file.name).c_str()) != 0) return;
  finished_bytes_ += file.size;
  files_.push_back(std::move(file));
  trim(now);
  if (std::exchange(stopped_, {}).empty()) return;
  report_(false, "captures go on");
}

void CaptureStore::give_up(Part& part) {
  ::unlink(part.path.c_str());
  part_bytes_ -= part.size;
  part.size = 0;
  part.lost = true;
  ++lost_;
}

/// Trouble with the disk has been said already.
void CaptureStore::say_lost(const CaptureSubject& subject, WallTime now) {
  if (!stopped_.empty()) return;
  ++unsaid_;
  if (now - lost_said_ <= std::chrono::minutes(1)) return;
  report_(true, fmt::format("{} given up, the last of {}: capture.max_total, {}, has no room for so many streams under way; raise it. Traffic goes on",
                            unsaid_ == 1 ? "a capture was" : fmt::format("{} captures were", unsaid_), subject.id, format_bytes(max_total_)));
  unsaid_ = 0;
  lost_said_ = now;
}

/// A disk that is nearly full takes small captures and refuses large ones: that is said once a minute at the most.
void CaptureStore::stopped(const std::string& why, WallTime now) {
  if (stopped_.empty() && now - said_ > std::chrono::minutes(1)) {
    report_(true, why);
    said_ = now;
  }
  stopped_ = why;
}

CaptureStatus CaptureStore::status() const { return {finished_bytes_ + part_bytes_, stopped_, lost_}; }

}  // namespace siltgate::observe
