// SPDX-License-Identifier: Apache-2.0
// Where recordings begin and end, on the event thread: it knows the mode, bounds what all recordings hold together, and hands
// batches to the writer's thread. docs/decisions/0030-captures-by-a-thread.md says why.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "observe/capture_writer.hpp"
#include "observe/config.hpp"
#include "observe/recording.hpp"

namespace siltgate::observe {

/// Kept in mode `rejected`: the exchange failed, its verdict is not `intact`, or a check rejected, dropped or repaired something.
bool worth_keeping(const ExchangeRecord& record);

class CaptureDesk {
 public:
  /// One recording holds so much before the disk gets it; while all together hold more than `held_bound`, `crowded`.
  static constexpr std::size_t hold = 32 * 1024, crowded = 2 * 1024, held_bound = 16 * 1024 * 1024;
  /// Larger request bodies are left out.
  static constexpr std::size_t request_bound = 4 * 1024 * 1024;

  /// In force for exchanges that begin from now on. `folder` is made when there is something to write; "" = captures are off.
  void configure(const CaptureConfig& config, const std::string& folder, Secrets secrets, CaptureWriter::Report report);
  bool on() const { return config_.mode != CaptureMode::off; }
  bool keeps_all() const { return config_.mode == CaptureMode::all; }
  /// An off recording where captures are off. `secrets`: what this request carries besides the configured ones.
  Recording begin(const ExchangeRecord& record, Secrets secrets);
  /// Keeps or forgets a recording; `record` is judged. An off one does nothing.
  void finish(Recording&& recording, const ExchangeRecord& record);
  /// Now and then: what is too old or too much goes.
  void sweep();
  /// Waits for what is queued; captures are off from here on.
  void end();
  /// Bytes on disk, and why captures are stopped ("" = they are not).
  CaptureStatus status() const;

 private:
  friend class Recording;
  bool hand_over(CaptureBatch&& batch);

  CaptureConfig config_{CaptureMode::off};
  Secrets secrets_;
  std::uint64_t next_ = 1;
  std::size_t held_ = 0;             // by all recordings together
  CaptureWriter::Report report_;
  TimePoint said_{};                 // when it was last reported that the disk does not keep up
  std::unique_ptr<CaptureWriter> writer_;
};

}  // namespace siltgate::observe
