// SPDX-License-Identifier: Apache-2.0
// A second, plain account of what Admission may and must do: every rule counted by hand over small arrays, nothing shared
// with the code under test but its public interface.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "schedule/admission.hpp"

namespace siltgate::schedule::model {

constexpr int providers = 2, keys = 2, models = 3;  // models 0 and 1 may form a group
constexpr int targets = providers * keys * models;
constexpr int scopes = 1 + providers + providers * keys * (2 + models);

inline int provider_scope(int p) { return 1 + p; }
inline int key_scope(int p, int k) { return 1 + providers + (p * keys + k) * (2 + models); }
inline int group_scope(int p, int k) { return key_scope(p, k) + 1; }
inline int model_scope(int p, int k, int m) { return key_scope(p, k) + 2 + m; }

struct Entry {
  int number;
  TimePoint at;
  std::int64_t amount;
};

struct Request {
  int target = 0;
  std::int64_t tokens = 0;
  bool running = false;
  int charged_unit = -1;
  int start_entry = 0, token_entry = 0;  // of the present start, 0 = none
};

struct Model {
  std::array<ProviderLimits, providers> limits;
  int total = 0, max_waiting = 0;
  std::array<int, scopes> cap{}, running{};
  std::array<std::vector<TimePoint>, scopes> rests;
  std::array<TimePoint, scopes> held{}, last_start{};
  std::array<std::deque<Entry>, scopes> starts, tokens;
  std::array<int, targets> streak{}, in_flight{}, waiting{};
  std::array<TimePoint, targets> damage_until{};
  std::map<Ticket, Request> requests;
  int waiting_total = 0, running_total = 0, entries = 0;

  static int p_of(int t) { return t / (keys * models); }
  static int k_of(int t) { return t / models % keys; }
  static int m_of(int t) { return t % models; }

  bool grouped(int t) const { return !limits[p_of(t)].groups.empty() && m_of(t) < 2; }
  int unit(int t) const {
    if (limits[p_of(t)].per == Per::key) return key_scope(p_of(t), k_of(t));
    return grouped(t) ? group_scope(p_of(t), k_of(t)) : model_scope(p_of(t), k_of(t), m_of(t));
  }
  std::vector<int> path(int t) const {
    std::vector<int> scopes_of{0, provider_scope(p_of(t)), key_scope(p_of(t), k_of(t))};
    if (grouped(t)) scopes_of.push_back(group_scope(p_of(t), k_of(t)));
    scopes_of.push_back(model_scope(p_of(t), k_of(t), m_of(t)));
    return scopes_of;
  }

  /// A hold on something that no longer is told apart from its neighbours holds them too.
  void widen_holds() {
    for (int t = 0; t < targets; ++t) {
      const auto scopes_of = path(t);
      for (std::size_t i = scopes_of.size() - 1; i > 2; --i) {
        const int s = scopes_of[i];
        if (cap[s] > 0 || unit(t) == s) break;
        held[scopes_of[i - 1]] = std::max(held[scopes_of[i - 1]], held[s]);
        held[s] = TimePoint{};
      }
    }
  }

  void configure() {
    running.fill(0);
    for (auto& [ticket, r] : requests)
      if (r.running)
        for (int s : path(r.target)) ++running[s];
    cap.fill(0);
    cap[0] = total;
    const auto number = [](const Concurrency& c) { return c.mode == Concurrency::Mode::fixed ? c.count : 0; };
    for (int p = 0; p < providers; ++p) {
      const ProviderLimits& l = limits[p];
      cap[provider_scope(p)] = l.total;
      for (int k = 0; k < keys; ++k) {
        const auto own_key = l.keys.find("k" + std::to_string(k));
        if (own_key != l.keys.end()) cap[key_scope(p, k)] = number(own_key->second);
        else if (l.per == Per::key) cap[key_scope(p, k)] = number(l.concurrency);
        if (!l.groups.empty()) cap[group_scope(p, k)] = number(l.groups.begin()->second.concurrency);
        for (int m = 0; m < models; ++m) {
          const auto own_model = l.models.find("m" + std::to_string(m));
          const bool in_group = !l.groups.empty() && m < 2;
          if (own_model != l.models.end()) cap[model_scope(p, k, m)] = number(own_model->second);
          else if (l.per == Per::key_model && !in_group) cap[model_scope(p, k, m)] = number(l.concurrency);
        }
      }
    }
    widen_holds();
  }

  static std::int64_t sum(std::deque<Entry>& window, TimePoint now) {
    while (!window.empty() && window.front().at + std::chrono::minutes(1) <= now) window.pop_front();
    std::int64_t total_amount = 0;
    for (const Entry& e : window) total_amount += e.amount;
    return total_amount;
  }
  int resting(int s, Duration delay, TimePoint now) {
    std::erase_if(rests[s], [&](TimePoint returned) { return returned + delay <= now; });
    return static_cast<int>(rests[s].size());
  }
  /// Rests that ended under the limits in force stay ended under the next.
  void end_rests(TimePoint now) {
    for (int p = 0; p < providers; ++p) {
      resting(provider_scope(p), limits[p].release_delay, now);
      for (int s = key_scope(p, 0); s < key_scope(p, keys); ++s) resting(s, limits[p].release_delay, now);
    }
  }
  bool closed(int t, TimePoint now) const { return streak[t] >= 2 && (now < damage_until[t] || in_flight[t] > 0); }

  /// May a request of `t` that costs `amount` start now?
  bool may_start(int t, std::int64_t amount, TimePoint now) {
    const ProviderLimits& l = limits[p_of(t)];
    for (int s : path(t)) {
      if (cap[s] > 0 && running[s] + resting(s, l.release_delay, now) >= cap[s]) return false;
      if (held[s] > now) return false;
    }
    if (l.start_interval > Duration{0} && last_start[key_scope(p_of(t), k_of(t))] + l.start_interval > now) return false;
    const int u = unit(t);
    if (l.requests_per_minute > 0 && sum(starts[u], now) + 1 > l.requests_per_minute) return false;
    const std::int64_t used = l.tokens_per_minute > 0 ? sum(tokens[u], now) : 0;
    if (l.tokens_per_minute > 0 && used > 0 && used + std::max<std::int64_t>(amount, 1) > l.tokens_per_minute) return false;
    return !closed(t, now);
  }

  /// Takes the permits; false when that breaks a rule.
  bool start(Ticket ticket, TimePoint now) {
    const auto found = requests.find(ticket);
    if (found == requests.end() || found->second.running) return false;
    Request& r = found->second;
    if (!may_start(r.target, r.tokens, now)) return false;
    const ProviderLimits& l = limits[p_of(r.target)];
    const int u = unit(r.target);
    for (int s : path(r.target)) ++running[s];
    last_start[key_scope(p_of(r.target), k_of(r.target))] = now;
    r.start_entry = r.token_entry = 0;
    if (l.requests_per_minute > 0) starts[u].push_back({r.start_entry = ++entries, now, 1});
    if (l.tokens_per_minute > 0)
      tokens[u].push_back({r.token_entry = ++entries, now, std::max<std::int64_t>(r.tokens, 1)});
    r.charged_unit = u;
    r.running = true;
    --waiting[r.target];
    --waiting_total;
    ++running_total;
    ++in_flight[r.target];
    return true;
  }

  static void amend(std::deque<Entry>& window, int number, std::int64_t amount) {
    for (Entry& e : window)
      if (e.number == number) e.amount = amount;
  }

  void stop(Ticket ticket, Ending ending, TimePoint now) {
    Request& r = requests.at(ticket);
    const ProviderLimits& l = limits[p_of(r.target)];
    for (int s : path(r.target)) {
      --running[s];
      if (s != 0 && l.release_delay > Duration{0}) rests[s].push_back(now);
    }
    const bool uncounted = ending == Ending::refused_concurrency || ending == Ending::refused_rate ||
                         ending == Ending::refused_overloaded || ending == Ending::unused;
    if (uncounted && r.charged_unit == unit(r.target)) {
      amend(starts[r.charged_unit], r.start_entry, 0);
      amend(tokens[r.charged_unit], r.token_entry, 0);
    }
    --in_flight[r.target];
    if (ending == Ending::served) streak[r.target] = 0;
    if (ending == Ending::damaged && ++streak[r.target] >= 2) {
      const int seconds = std::min(60, 1 << std::min(streak[r.target] - 2, 6));
      damage_until[r.target] = now + std::chrono::seconds(seconds);
    }
    r.running = false;
    --running_total;
  }
};

}  // namespace siltgate::schedule::model
