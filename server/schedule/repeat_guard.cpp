// SPDX-License-Identifier: Apache-2.0
#include "schedule/repeat_guard.hpp"

#include <algorithm>
#include <functional>
#include <string>

namespace siltgate::schedule {

RepeatGuard::Verdict RepeatGuard::arrived(std::string_view session, std::string_view body_hash, TimePoint now) {
  if (config_.max <= 0) return {};
  const std::uint64_t id = std::hash<std::string>{}(std::string(session) + '\0' + std::string(body_hash));
  auto [found, fresh] = bodies_.try_emplace(id);
  Body& body = found->second;
  if (fresh)
    body.age = by_age_.insert(by_age_.end(), id);
  else
    by_age_.splice(by_age_.end(), by_age_, body.age);
  if (bodies_.size() > bound_) {  // (4)
    bodies_.erase(by_age_.front());
    by_age_.pop_front();
  }
  if (!fresh && now - std::max(body.arrivals.empty() ? body.quiet_from : body.arrivals.back(), body.quiet_from) >=
                    config_.window) {  // (3)
    body.arrivals.clear();
    body.over = 0;
  }
  while (!body.arrivals.empty() && now - body.arrivals.front() >= config_.window) body.arrivals.pop_front();
  const auto max = static_cast<std::size_t>(config_.max);
  body.arrivals.push_back(now);
  const int seen = static_cast<int>(body.arrivals.size()) + body.over;
  if (body.over == 0 && body.arrivals.size() <= max) return {Duration{0}, seen};  // (1)
  while (body.arrivals.size() > max) body.arrivals.pop_front();
  const Duration delay = std::min<Duration>(std::chrono::seconds(1LL << std::min(body.over, 6)), std::chrono::minutes(1));
  ++body.over;  // (2)
  body.quiet_from = now + delay;
  return {delay, seen};
}

}  // namespace siltgate::schedule
