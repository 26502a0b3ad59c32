// SPDX-License-Identifier: Apache-2.0
// What an exchange hands over to the disk, unmasked and not yet spelt: plain data between the event thread, which only
// copies, and the writer's thread, which masks, spells and writes. Never written as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cleanse.hpp"
#include "base/clock.hpp"

namespace siltgate::observe {

/// What all batches of one exchange have in common.
struct CaptureSubject {
  std::uint64_t number = 0;               // unique in this process
  std::string id;
  WallTime started_at{};
  Secrets secrets;                        // values to mask: configured ones and what the request carried
};

struct CaptureEntry {
  enum class Kind : std::uint8_t {
    line,        // members of a JSON object in `other`, its credentials taken out by name
    request,     // the request body, in `other`
    read,        // bytes of one upstream read, in `received`
    same,        // a delivery of received bytes: `from` and `size` name them
    changed,     // a delivery of bytes that were not received so, in `other`
    own,         // the same, made by siltgate: heartbeat, error event, own page; in `other`
  };
  Kind kind = Kind::line;
  int attempt = 0;                        // from 1; 0 before the first
  std::uint32_t size = 0;
  std::uint32_t borders = 0;              // of a read: how many chunks of the transfer coding ended in it
  std::uint64_t from = 0;                 // of same
  std::int64_t ns = 0;                    // since the request was accepted
};

struct CaptureBatch {
  std::shared_ptr<const CaptureSubject> subject;
  std::vector<CaptureEntry> entries;
  std::string received, other;            // in the order of the entries
  std::vector<std::uint32_t> borders;     // positions inside the reads, in their order

  std::size_t weight() const {
    return received.size() + other.size() + entries.size() * sizeof(CaptureEntry) + borders.size() * sizeof(std::uint32_t);
  }
};

}  // namespace siltgate::observe
