// SPDX-License-Identifier: Apache-2.0
// The exit codes of the command line, after sysexits.h. `why` has its own (observe/verdict.hpp).
#pragma once

namespace siltgate::cli {

enum Exit : int {
  exit_ok = 0,
  exit_failed = 1,          // doctor or selftest found something
  exit_usage = 64,
  exit_no_file = 66,        // a file that was named is not there
  exit_unavailable = 69,    // cannot listen, or no running instance
  exit_bug = 70,
  exit_drain = 75,          // drain timed out
  exit_not_permitted = 77,
  exit_config = 78,         // config invalid
};

}  // namespace siltgate::cli
