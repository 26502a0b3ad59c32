// SPDX-License-Identifier: Apache-2.0
// Tells the service manager how it stands (sd_notify(3), the protocol alone: one datagram to $NOTIFY_SOCKET). Does nothing
// where there is none, so the same code runs under launchd and on a terminal.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate::app {

/// Lines such as "READY=1\nSTATUS=…". Errors are ignored: the manager's absence is no fault of ours.
void notify_service(std::string_view lines);
/// Half of WatchdogSec, where the unit sets one for this process.
std::optional<std::chrono::microseconds> watchdog_period();

}  // namespace siltgate::app
