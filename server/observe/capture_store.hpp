// SPDX-License-Identifier: Apache-2.0
// The folder of captures: parts that are being written, finished files, and the bounds on all of them. Blocking file calls,
// so only the writer's thread and tests use it. Knows no exchange beyond its id.
//
//   20261126T235005.123Z-sg_abcdefghij.jsonl   a finished capture, mode 0600
//   .sg_abcdefghij-4711-12.part                 one that siltgate with pid 4711 is writing
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/units.hpp"
#include "observe/capture_encoder.hpp"
#include "observe/capture_retention.hpp"

namespace siltgate::observe {

struct CaptureStatus {
  std::uint64_t bytes = 0;       // of the folder
  std::string stopped;           // why nothing can be written at the moment, "" = it can
  std::uint64_t lost = 0;        // recordings that were given up
};

class CaptureStore {
 public:
  /// Called on the thread that calls the store: a sentence for the log. `trouble`: captures stopped.
  using Report = std::function<void(bool trouble, const std::string& sentence)>;

  CaptureStore(std::string folder, Report report);

  /// New bounds; counts what is there and removes what is over them. `keeps_all`: every recording ends as a capture. Where most
  /// do not, a quarter of `max_total` is theirs while they are under way, and they push out no finished capture.
  void configure(Bytes max_total, Duration max_age, bool keeps_all, WallTime now);
  void write(CaptureBatch&& batch, WallTime now);
  /// The end of a recording: the file is completed and kept, or removed. `tail`: members of the last record.
  void finish(const std::shared_ptr<const CaptureSubject>& subject, bool keep, const std::string& tail, WallTime now);
  /// Counts anew (several instances may share the folder), removes what is too old or too much, and parts of dead processes.
  void sweep(WallTime now);

  CaptureStatus status() const;

 private:
  struct Part {
    explicit Part(std::shared_ptr<const CaptureSubject> subject) : encoder(std::move(subject)) {}
    CaptureEncoder encoder;
    std::string path;
    std::uint64_t size = 0;
    bool truncated = false;      // longer than one capture may be
    bool lost = false;
  };
  /// What is appended: of an exchange under way, of one that is worth keeping, or the tail of such.
  enum class Piece { under_way, kept, tail };
  Part& part_of(const std::shared_ptr<const CaptureSubject>& subject);
  void append(Part& part, const std::string& lines, WallTime now, Piece piece);
  bool fits(std::uint64_t bytes) const { return finished_bytes_ + part_bytes_ + bytes <= max_total_.count; }
  void make_room(Part& part, std::uint64_t bytes, bool kept);
  void remove_oldest(std::size_t count);
  void trim(WallTime now);
  Part* largest_part(const Part* but);
  void give_up(Part& part);
  void say_lost(const CaptureSubject& subject, WallTime now);
  void keep_file(const Part& part, const CaptureSubject& subject, WallTime now);
  void stopped(const std::string& why, WallTime now);
  std::uint64_t longest_capture() const { return max_total_.count / 4; }
  std::uint64_t share_of_parts() const { return max_total_.count / 4; }

  std::string folder_;
  Report report_;
  Bytes max_total_ = 256_MiB;
  Duration max_age_ = std::chrono::hours(24 * 7);
  bool keeps_all_ = false;
  std::vector<CaptureFile> files_;                       // finished ones, oldest first
  std::uint64_t finished_bytes_ = 0, part_bytes_ = 0;
  std::unordered_map<std::uint64_t, Part> parts_;
  std::string stopped_;
  WallTime said_{};                                      // when that was last reported
  std::uint64_t lost_ = 0;
  std::uint64_t unsaid_ = 0;                             // captures given up for want of room since the last word of it
  WallTime lost_said_{};
};

}  // namespace siltgate::observe
