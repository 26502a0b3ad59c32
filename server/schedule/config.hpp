// SPDX-License-Identifier: Apache-2.0
// The numbers a user may give the scheduler.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace siltgate::schedule {

using namespace std::chrono_literals;

/// A cap on requests in flight. Not set: no limit at this scope (or inherited, where the contract says so).
struct Concurrency {
  enum class Mode { unset, fixed, automatic } mode = Mode::unset;
  int count = 0;  // fixed: the cap; automatic: the start value, 0 = from the profile
  int most = 0;   // automatic: never above, 0 = no number given
  bool by_profile = false;  // fixed: the profile's default, nobody asked for it
};

/// Who set a cap in force.
enum class CapFrom { nobody, settings, profile, automatic, operator_ };

constexpr std::string_view to_string(CapFrom from) {
  constexpr std::string_view names[] = {"nobody", "settings", "profile", "automatic", "operator"};
  return names[static_cast<int>(from)];
}

enum class Per { key, key_model };
enum class Order { fair, fifo };
enum class Class { interactive, subagent, background };

constexpr std::string_view to_string(Class c) {
  constexpr std::string_view names[] = {"interactive", "subagent", "background"};
  return names[static_cast<int>(c)];
}

struct ModelGroup {
  std::vector<std::string> models;
  Concurrency concurrency;
};

/// Limits of one provider. What counts as one quota is the key+model (or the group the model is in, in place of it), or
/// with `per: key` the whole key: `concurrency`, the per-minute limits and holds apply to that. A model or a key
/// with a number of its own is an additional limit, except that it replaces `concurrency` at the same scope.
struct ProviderLimits {
  int total = 0;                               // in flight over all keys of the provider, 0 = none
  Concurrency concurrency;                     // per key or per key+model, see `per`
  Per per = Per::key_model;
  Duration start_interval{0};                  // least time between two starts on one key
  int requests_per_minute = 0;                 // starts in any 60 seconds; 0 = none
  std::int64_t tokens_per_minute = 0;          // in any 60 seconds; 0 = none
  Duration release_delay{0};                   // a returned permit rests this long
  std::map<std::string, Concurrency> keys;     // configured keys by name
  std::map<std::string, Concurrency> models;   // per key, this model
  std::map<std::string, ModelGroup> groups;    // several models on one quota, per key
};

struct QueueConfig {
  int max_waiting = 64;
  Duration max_wait = 10min;
  Order order = Order::fair;
  Duration early_headers_after = 240s;  // 0 = never
  Duration heartbeat = 10s;
};

struct RepeatConfig {
  int max = 8;              // 0 = off
  Duration window = 60s;
};

struct RetryConfig {
  int attempts = 6;         // in all, 1 = no retry
  Duration max_wait = 5min; // longest total time spent waiting between attempts of one exchange
};

}  // namespace siltgate::schedule
