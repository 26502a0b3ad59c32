// SPDX-License-Identifier: Apache-2.0
// What a running siltgate says about itself: the document behind api/state, `siltgate status` and the gauges. Plain data,
// filled by app/; JSON text out and in.
//
// The JSON (all times in ms, rates per second; members that do not apply are null):
// {
//   "version": "0.1.0", "pid": 4711, "started_at": "2026-11-23T23:20:36.123Z", "uptime_ms": 1234,
//   "listen": ["127.0.0.1:4290"], "config_file": "/…/siltgate.jsonc", "draining": false,
//   "last_reload_error": null,                       // text of the refused reload, with its position
//   "bottleneck": null,                              // a sentence when siltgate, not the provider, is the bottleneck
//   "shared": null,                                  // with shared.redis: {"redis": "redis://host:6379/0", "mode": "shared" (or "local",
//      "refusing", "starting"), "settling": false, "since_ms": 5000, "trouble": null, "parts": 3, "lost_permits": 0,
//      "instances": [{"name": "host:4290", "version": "0.1.0", "self": true, "in_flight": 1, "waiting": 0, "lease_ms": 9800}]}
//   "in_flight": 2, "waiting_total": 1, "connections": 5, "capture_bytes": 0,
//   "capture_mode": "rejected",                          // off, rejected, all
//   "capture_folder": "/…/captures", "capture_stopped": null,    // a sentence when the disk is full
//   "providers": [{"name": "zai", "base_url": "https://…", "profile": "zai", "default": true}],
//   "keys": [{"provider": "zai", "key": "team", "model": "glm-4.6", "in_flight": 1, "cap": 1, "automatic": true,
//             "cap_from": "automatic",                  // nobody, settings, profile, automatic, operator
//             "bottleneck": "cap",                      // what the first waiting request waits for, null = nobody waits
//             "waiting": 1, "oldest_wait_ms": 900, "held_ms": null, "held_reason": null, "refusals": 3, "damaged": 0, "finished": 17,
//             "ttft_p50_ms": 800, "ttft_p95_ms": 2100, "tokens_per_second": 41.5}],
//   "waiting": [{"id": "sg_…", "provider": "zai", "key": "team", "model": "glm-4.6", "class": "interactive",
//                "session": "ses_…", "position": 1, "waited_ms": 900}],
//   "live": [{"id": "sg_…", "provider": …, "key": …, "model": …, "client": "opencode/1.18.33", "phase": "relay_body",
//             "age_ms": 5000, "events": 120, "bytes": 30000, "silence_ms": 40,
//             "ttft_ms": 800, "events_per_second": 41.5, "attempts": 1,   // null where not known
//             "path": "alive",                          // of the way to the provider, by TCP: alive, dead, null = not known
//             "path_words": "alive: its machine answered 1.2s ago, no retransmits",
//             "tcp": {"last_ack_ms": 1200, "last_data_ms": 12000, "round_trip_ms": 31.5, "unacknowledged": 0,
//                     "retransmits": 0, "unanswered_probes": 0}}]   // null where the system does not tell
// }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "observe/record.hpp"

namespace siltgate::observe {

struct ProviderRow {
  std::string name, base_url, profile;
  bool is_default = false;
};

/// As schedule::KeyState, with what key_stats.hpp knows beside it.
struct KeyRow {
  std::string provider, key, model;
  bool wide = false;                         // as in KeyState; for key_stats.hpp alone, not in the JSON
  std::vector<std::string> group;            // likewise
  int in_flight = 0, cap = 0, waiting = 0;   // cap 0 = none
  bool automatic = false;
  std::string cap_from, bottleneck;          // words of the scheduler; "" = nobody
  Duration oldest_wait{0};
  std::optional<Duration> held;              // from now until it may start again
  std::string held_reason;                   // "" = not held
  std::uint64_t refusals = 0, damaged = 0, finished = 0;
  std::optional<Duration> ttft_p50, ttft_p95;
  std::optional<double> tokens_per_second;
};

struct WaitingRow {
  std::string id, provider, key, model, schedule_class, session;
  int position = 0;
  Duration waited{0};
};

struct LiveRow {
  std::string id, provider, key, model, client, phase;
  Duration age{0}, silence{0};
  std::uint64_t events = 0, bytes = 0;
  std::optional<Duration> ttft{};            // from the permit to the first event delivered
  std::optional<double> events_per_second{}; // since then
  int attempts = 0;
  std::string path{};                         // of the way to the provider, by TCP: "alive", "dead"; "" = not known
  std::string path_words{};                   // the same with its evidence, see path_words()
  std::optional<TcpSample> tcp{};
};

/// An instance of the group, as Redis knows it.
struct InstanceRow {
  std::string name, version;
  bool self = false;
  int in_flight = 0, waiting = 0;
  Duration lease_left{0};
};

/// Caps shared through Redis.
struct SharedState {
  std::string redis, mode, trouble;            // trouble: why Redis is down, "" = it is not
  bool settling = false;                       // Redis came back: nobody starts until everybody had time to come back too
  Duration since{0};                           // how long it is up or down
  int parts = 1;                               // instances, as last known
  std::uint64_t lost_permits = 0;
  std::vector<InstanceRow> instances;
};

struct State {
  std::string version;
  std::int64_t pid = 0;
  WallTime started_at{};
  Duration uptime{0};
  std::vector<std::string> listen;
  std::string config_file;
  bool draining = false;
  std::string last_reload_error, bottleneck;   // "" = none
  int in_flight = 0, waiting_total = 0, connections = 0;
  std::uint64_t capture_bytes = 0;
  std::string capture_mode;
  std::string capture_folder;                  // "" = none
  std::string capture_stopped;                 // why nothing can be written, "" = it can
  std::vector<ProviderRow> providers;
  std::vector<KeyRow> keys;
  std::vector<WaitingRow> waiting;
  std::vector<LiveRow> live;
  std::optional<SharedState> shared;           // not set: caps are this instance's own
};

/// One line, no LF.
std::string state_to_json(const State& state);
/// Empty when it is no JSON object or a member has the wrong type; unknown members are ignored.
std::optional<State> state_from_json(std::string_view json);

}  // namespace siltgate::observe
