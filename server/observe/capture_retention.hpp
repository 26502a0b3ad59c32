// SPDX-License-Identifier: Apache-2.0
// Which captures stay: names of files and what the bounds take away. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace siltgate::observe {

struct CaptureFile {
  std::string name;          // without folder
  std::string id;
  WallTime started_at{};
  std::uint64_t size = 0;
};

/// "20261126T235005.123Z-sg_abcdefghij.jsonl": sorts by time.
std::string capture_name(WallTime started_at, std::string_view id);
/// What a name says, `size` 0; empty when it is no capture's.
std::optional<CaptureFile> parse_capture_name(std::string_view name);

/// The pid in ".sg_abcdefghij-4711-12.part"; empty when it is no part's name.
std::optional<long> part_owner(std::string_view name);

/// How many of `files` (oldest first) have to go, so that those left are younger than `max_age` and hold, with `more`
/// bytes that are not among them, at most `max_total`.
std::size_t surplus(const std::vector<CaptureFile>& files, std::uint64_t more, std::uint64_t max_total, Duration max_age, WallTime now);

}  // namespace siltgate::observe
