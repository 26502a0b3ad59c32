// SPDX-License-Identifier: Apache-2.0
// How the App stands right now, for api/state, `siltgate status` and the gauges.
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "app/state.hpp"
#include "flow/exchange.hpp"
#include "flow/note_path.hpp"
#include "observe/path_words.hpp"
#include "version.hpp"

namespace siltgate::app {
namespace {

observe::KeyRow key_row(const schedule::KeyState& key, TimePoint now) {
  observe::KeyRow row;
  row.provider = key.provider;
  row.key = key.key;
  row.model = key.model;
  row.wide = key.wide;
  row.group = key.group;
  row.in_flight = key.in_flight;
  row.cap = key.cap;
  row.waiting = key.waiting;
  row.automatic = key.automatic;
  if (key.cap_from != schedule::CapFrom::nobody) row.cap_from = schedule::to_string(key.cap_from);
  if (key.bottleneck != schedule::Bottleneck::none) row.bottleneck = schedule::to_string(key.bottleneck);
  row.oldest_wait = key.oldest_wait;
  row.refusals = key.refusals;
  if (key.held_until && *key.held_until > now) {
    row.held = *key.held_until - now;
    row.held_reason = "after a refusal of the provider";
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

/// Whose number a fixed cap is.
std::string cap_words(const schedule::KeyState& key) {
  const std::string cap = "cap of " + std::to_string(key.cap);
  if (key.cap_from == schedule::CapFrom::operator_) return cap + " set by the operator";
  return key.cap_from == schedule::CapFrom::profile ? cap : "configured " + cap;
}

std::string capture_mode_name(observe::CaptureMode mode) {
  constexpr std::string_view names[] = {"off", "rejected", "all"};
  return std::string(names[static_cast<int>(mode)]);
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

/// One event is about one token: what is known before the provider has counted.
void add_pace(observe::LiveRow& row, const observe::ExchangeRecord& record, TimePoint now) {
  if (record.first_event == TimePoint{}) return;
  if (record.first_event > record.admitted) row.ttft = record.first_event - record.admitted;
  const double seconds = std::chrono::duration<double>(std::max(record.last_byte_in, record.first_event) - record.first_event).count();
  if (record.events > 1 && seconds > 0.05 && now > record.first_event) row.events_per_second = static_cast<double>(record.events - 1) / seconds;
}

void add_path(observe::LiveRow& row, const flow::Exchange& x) {
  const auto path = flow::path_now(x);
  if (!path) return;
  if (path->state != observe::PathState::unknown) row.path = observe::to_string(path->state);
  row.path_words = observe::path_words(path->state, path->tcp, x.record.through_proxy);
  row.tcp = path->tcp;
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
  row.attempts = static_cast<int>(x.record.attempts.size());
  // Until the first byte has come, the silence is the provider's since it was let through.
  const TimePoint heard = x.record.last_byte_in != TimePoint{} ? x.record.last_byte_in : x.record.admitted;
  if (heard != TimePoint{}) row.silence = now - heard;
  add_path(row, x);
  add_pace(row, x.record, now);
  return row;
}

/// A request the scheduler here has granted and the group has not: it waits.
void count_as_waiting(std::vector<observe::KeyRow>& rows, const flow::Exchange& x) {
  for (observe::KeyRow& row : rows) {
    const bool its = row.provider == x.record.provider && row.key == x.record.key && (row.model.empty() || row.model == x.record.model);
    if (!its || row.in_flight == 0) continue;
    --row.in_flight;
    ++row.waiting;
    row.oldest_wait = std::max(row.oldest_wait, Clock::now() - x.record.accepted);
    return;
  }
}

}  // namespace

observe::State App::State::describe() const {
  auto now = Clock::now();
  observe::State out;
  out.version = SILTGATE_VERSION;
  out.pid = ::getpid();
  out.started_at = started_at;
  out.uptime = now - started;
  for (const auto& entry : entries) out.listen.push_back(entry->listener.name());
  out.config_file = surroundings.config_file;
  out.draining = stopping;
  out.last_reload_error = last_reload_error;
  out.in_flight = admission.in_flight();
  out.waiting_total = admission.waiting();
  out.connections = sessions;
  const observe::CaptureStatus captures = services.captures.status();
  out.capture_bytes = captures.bytes;
  out.capture_mode = surroundings.state_directory.empty() ? "off" : capture_mode_name(settings.capture.mode);
  out.capture_stopped = captures.stopped;
  if (!surroundings.state_directory.empty()) out.capture_folder = surroundings.state_directory + "/captures";
  for (const auto& provider : settings.flow.providers) {
    std::string url = provider.base_url.scheme == "demo" ? "demo:" : provider.base_url.scheme + "://" + provider.base_url.authority() + provider.base_url.path;
    out.providers.push_back({provider.name, url, provider.profile, provider.name == settings.flow.default_provider});
  }
  for (const auto& key : admission.snapshot(now)) {
    out.keys.push_back(key_row(key, now));
    add_quota(out.keys.back(), services.quota, std::chrono::system_clock::now());
  }
  key_stats.fill(out.keys);
  out.bottleneck = bottleneck(now);
  out.shared = describe_group();
  for (const flow::Exchange* x : services.live) {
    if (x->answered || x->record.provider.empty()) continue;
    int position = admission.position(x->permit.ticket());
    if (services.turnstile.shared() && services.turnstile.shared()->unconfirmed(x->permit.ticket())) {
      count_as_waiting(out.keys, *x);
      --out.in_flight;
      ++out.waiting_total;
      position = 1;
    }
    if (position > 0) out.waiting.push_back(waiting_row(*x, position, now));
    else out.live.push_back(live_row(*x, now));
  }
  std::sort(out.waiting.begin(), out.waiting.end(), [](const auto& a, const auto& b) {
    return std::tie(a.position, b.waited, a.id) < std::tie(b.position, a.waited, b.id);
  });
  std::sort(out.live.begin(), out.live.end(), [](const auto& a, const auto& b) { return std::tie(b.age, a.id) < std::tie(a.age, b.id); });
  return out;
}

/// Names siltgate where its own settings, not the provider, make requests wait.
std::string App::State::bottleneck(TimePoint now) const {
  for (const auto& key : admission.snapshot(now)) {
    if (key.waiting == 0) continue;
    std::string who = key.provider + "/" + (key.key.empty() ? "-" : key.key) + (key.model.empty() ? "" : "/" + key.model);
    std::string wait = std::to_string(key.waiting) + (key.waiting == 1 ? " request waits" : " requests wait");
    if (key.bottleneck == schedule::Bottleneck::cap && !key.automatic && key.refusals == 0)
      return "siltgate: " + wait + " for " + who + " behind the " + cap_words(key) + ", and the provider has refused nothing; it might take more";
    if (key.bottleneck != schedule::Bottleneck::cap && key.bottleneck != schedule::Bottleneck::none)
      return std::string(key.bottleneck == schedule::Bottleneck::held || key.bottleneck == schedule::Bottleneck::damage
                             ? "the provider: " : "siltgate: ") +
             wait + " for " + who + " (" + std::string(schedule::to_string(key.bottleneck)) + ")";
  }
  return {};
}

}  // namespace siltgate::app
