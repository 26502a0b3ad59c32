// SPDX-License-Identifier: Apache-2.0
// The provider tables of config/profiles/*.json, embedded at build and parsed once. Knows no HTTP.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schedule/refusal.hpp"

namespace siltgate::schedule {

struct Profile {
  std::vector<std::string> hosts;
  int initial_concurrency = 2;
  std::map<std::string, RefusalClass, std::less<>> codes;
  struct CodeRange {
    long first, last;
    RefusalClass klass;
  };
  std::vector<CodeRange> ranges;
  std::vector<std::pair<std::string, RefusalClass>> messages;  // lower case, looked for anywhere
  std::chrono::hours reset_offset{0};                          // zone of times without one
  std::map<std::string, std::string, std::less<>> finish_reasons;

  /// none when the table does not name it.
  RefusalClass of_code(std::string_view code) const;
  RefusalClass of_message(std::string_view lower_case_message) const;
};

/// Unknown names get "generic".
const Profile& profile_named(std::string_view name);

}  // namespace siltgate::schedule
