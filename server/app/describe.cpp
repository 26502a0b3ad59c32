// SPDX-License-Identifier: Apache-2.0
// How the App stands right now, for api/state, `siltgate status` and the gauges.
#include <unistd.h>

#include "app/state.hpp"
#include "flow/exchange.hpp"
#include "version.hpp"

namespace siltgate::app {
namespace {

observe::KeyRow key_row(const schedule::KeyState& key, TimePoint now) {
  observe::KeyRow row;
  row.provider = key.provider;
  row.key = key.key;
  row.model = key.model;
  row.in_flight = key.in_flight;
  row.cap = key.cap;
  row.waiting = key.waiting;
  row.automatic = key.automatic;
  row.oldest_wait = key.oldest_wait;
  row.refusals = key.refusals;
  if (key.held_until && *key.held_until > now) {
    row.held = *key.held_until - now;
    row.held_reason = "as the provider asked";
  } else if (key.damage_held_until && *key.damage_held_until > now) {
    row.held = *key.damage_held_until - now;
    row.held_reason = std::to_string(key.damaged_in_a_row) + " damaged answers in a row";
  }
  return row;
}

/// A spent quota holds longer than anything else.
void add_quota(observe::KeyRow& row, const schedule::QuotaHolds& quota, WallTime now) {
  const auto* hold = quota.find(row.provider, row.key, now);
  if (!hold) return;
  row.held = std::chrono::duration_cast<Duration>(hold->until - now);
  row.held_reason = "quota spent, code " + (hold->code.empty() ? "-" : hold->code) + "; one request every ten minutes looks again";
}

observe::WaitingRow waiting_row(const flow::Exchange& x, int position, TimePoint now) {
  observe::WaitingRow row;
  row.id = x.record.id;
  row.provider = x.record.provider;
  row.key = x.record.key;
  row.model = x.record.model;
  row.schedule_class = x.record.schedule_class;
  row.session = x.record.session;
  row.position = position;
  row.waited = now - x.record.accepted;
  return row;
}

observe::LiveRow live_row(const flow::Exchange& x, TimePoint now) {
  observe::LiveRow row;
  row.id = x.record.id;
  row.provider = x.record.provider;
  row.key = x.record.key;
  row.model = x.record.model;
  row.client = x.record.client;
  row.phase = std::string(to_string(x.phase));
  row.age = now - x.record.accepted;
  row.events = x.record.events;
  row.bytes = x.record.bytes_in;
  if (x.record.last_byte_in != TimePoint{}) row.silence = now - x.record.last_byte_in;
  return row;
}

}  // namespace

observe::State App::State::describe() const {
  auto now = Clock::now();
  observe::State out;
  out.version = SILTGATE_VERSION;
  out.pid = ::getpid();
  out.started_at = started_at;
  out.uptime = now - started;
  for (const auto& listener : listeners) out.listen.push_back(listener.name());
  out.config_file = surroundings.config_file;
  out.draining = stopping;
  out.last_reload_error = last_reload_error;
  out.in_flight = admission.in_flight();
  out.waiting_total = admission.waiting();
  out.connections = sessions;
  const observe::CaptureStatus captures = services.captures.status();
  out.capture_bytes = captures.bytes;
  out.capture_stopped = captures.stopped;
  if (!surroundings.state_directory.empty()) out.capture_folder = surroundings.state_directory + "/captures";
  for (const auto& provider : settings.flow.providers) {
    std::string url = provider.base_url.scheme == "demo" ? "demo:" : provider.base_url.scheme + "://" + provider.base_url.authority() + provider.base_url.path;
    out.providers.push_back({provider.name, url, provider.profile, provider.name == settings.flow.default_provider});
  }
  for (const auto& key : admission.snapshot(now)) {
    out.keys.push_back(key_row(key, now));
    add_quota(out.keys.back(), services.quota, std::chrono::system_clock::now());
    key_stats.fill(out.keys.back());
  }
  out.bottleneck = bottleneck(now);
  for (const flow::Exchange* x : services.live) {
    if (x->answered || x->record.provider.empty()) continue;
    int position = admission.position(x->permit.ticket());
    if (position > 0) out.waiting.push_back(waiting_row(*x, position, now));
    else out.live.push_back(live_row(*x, now));
  }
  return out;
}

/// Names siltgate where its own settings, not the provider, make requests wait.
std::string App::State::bottleneck(TimePoint now) const {
  for (const auto& key : admission.snapshot(now)) {
    if (key.waiting == 0) continue;
    std::string who = key.provider + "/" + key.key + (key.model.empty() ? "" : "/" + key.model);
    std::string wait = std::to_string(key.waiting) + (key.waiting == 1 ? " request waits" : " requests wait");
    if (key.bottleneck == schedule::Bottleneck::cap && !key.automatic && key.refusals == 0)
      return "siltgate: " + wait + " for " + who + " behind the configured cap of " + std::to_string(key.cap) +
             ", and the provider has refused nothing; it might take more";
    if (key.bottleneck != schedule::Bottleneck::cap && key.bottleneck != schedule::Bottleneck::none)
      return std::string(key.bottleneck == schedule::Bottleneck::held || key.bottleneck == schedule::Bottleneck::damage
                             ? "the provider: " : "siltgate: ") +
             wait + " for " + who + " (" + std::string(schedule::to_string(key.bottleneck)) + ")";
  }
  return {};
}

}  // namespace siltgate::app
