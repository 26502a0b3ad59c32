// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/units.hpp"

namespace siltgate::observe {

enum class Level { debug, info, warn, error };
enum class LogFormat { automatic, text, json, journal };
enum class CaptureMode { off, rejected, all };

struct LogConfig {
  Level level = Level::info;
  LogFormat format = LogFormat::automatic;
};

struct CaptureConfig {
  CaptureMode mode = CaptureMode::rejected;
  Bytes max_total = 256_MiB;
  Duration max_age = std::chrono::hours(24 * 7);
};

}  // namespace siltgate::observe
