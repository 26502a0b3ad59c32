// SPDX-License-Identifier: Apache-2.0
// From batches to lines of a capture, with every credential masked, also one that two reads or two batches cut in half. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "observe/capture_batch.hpp"
#include "observe/redact.hpp"

namespace siltgate::observe {

class CaptureEncoder {
 public:
  explicit CaptureEncoder(std::shared_ptr<const CaptureSubject> subject);

  /// The lines that are certain by now; what may hold the start of a credential waits for the next call.
  std::string add(CaptureBatch&& batch);
  /// All that still waited.
  std::string finish();
  /// Bytes that were masked in bodies.
  std::uint64_t masked() const { return masked_; }

 private:
  std::string emit(std::size_t certain);
  void spell(const CaptureEntry& entry, std::string& out);
  std::string take_other(std::size_t size);

  std::shared_ptr<const CaptureSubject> subject_;
  BodyMask mask_;
  CaptureBatch waiting_;
  std::size_t other_at_ = 0, received_at_ = 0, border_at_ = 0;   // in waiting_, while emitting
  std::uint64_t masked_ = 0;
};

}  // namespace siltgate::observe
