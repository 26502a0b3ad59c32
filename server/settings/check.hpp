// SPDX-License-Identifier: Apache-2.0
// What values mean together: names that must exist, keys that must be guarded, defaults that depend on others. Pure.
#pragma once

#include <string>
#include <vector>

#include "settings/origin.hpp"
#include "settings/settings.hpp"

namespace siltgate::settings {

/// A fault at the value (or the key) that `path` names in Origins.
struct Fault {
  std::string path;
  std::string message;
  bool at_key = false;
};

/// Fills in what follows from other values: profile from the host, caps from limits.concurrency, the default provider,
/// dumps from log.level. Notes each in `origins` as derived.
void derive_settings(Settings& settings, Origins& origins);

std::vector<Fault> check_settings(const Settings& settings, const Origins& origins);

/// Sound, but probably not what was meant.
std::vector<Fault> doubts_about(const Settings& settings, const Origins& origins);

}  // namespace siltgate::settings
