// SPDX-License-Identifier: Apache-2.0
#include "schedule/quota_holds.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace siltgate::schedule {

void QuotaHolds::refused(std::string_view provider, std::string_view key, const Refusal& refusal, WallTime now) {
  if (refusal.klass != RefusalClass::quota || !refusal.reset_at) return;
  if (*refusal.reset_at <= now || *refusal.reset_at > now + std::chrono::hours(24 * 31)) return;  // (1)
  Hold& hold = holds_[Name(provider, key)];
  hold = {*refusal.reset_at, refusal.code, refusal.message, now + probe_interval, ++refusals_};
  if (holds_.size() <= bound_) return;
  holds_.erase(std::min_element(holds_.begin(), holds_.end(),
                                [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));  // (4)
}

bool QuotaHolds::served(std::string_view provider, std::string_view key, const QuotaPass& pass) {
  if (holds_.empty()) return false;
  const auto found = holds_.find(Name(provider, key));
  if (found == holds_.end() || found->second.number > pass.refusals) return false;  // (3)
  holds_.erase(found);
  return true;
}

void QuotaHolds::end(std::string_view provider, std::string_view key) {
  if (!holds_.empty()) holds_.erase(Name(provider, key));
}

const QuotaHolds::Hold* QuotaHolds::find(std::string_view provider, std::string_view key, WallTime now) const {
  if (holds_.empty()) return nullptr;
  const auto found = holds_.find(Name(provider, key));
  return found == holds_.end() || found->second.until <= now ? nullptr : &found->second;  // (3)
}

const QuotaHolds::Hold* QuotaHolds::blocking(std::string_view provider, std::string_view key, WallTime now, const QuotaPass& pass) const {
  const Hold* hold = find(provider, key, now);
  return hold && hold->next_probe > now && hold->number != pass.probes ? hold : nullptr;  // (2)
}

QuotaPass QuotaHolds::passed(std::string_view provider, std::string_view key, WallTime now) {
  if (!find(provider, key, now)) return {refusals_, 0};
  Hold& hold = holds_[Name(provider, key)];
  hold.next_probe = now + probe_interval;
  return {refusals_, hold.number};
}

std::string describe(const QuotaHolds::Hold& hold, std::string_view key, WallTime now) {
  using namespace std::chrono;
  const auto left = ceil<minutes>(hold.until - now).count();
  const std::string wait = left >= 24 * 60 ? fmt::format("{}d{}h", left / 1440, left % 1440 / 60)
                           : left >= 60    ? fmt::format("{}h{:02}m", left / 60, left % 60)
                                           : fmt::format("{}m", left);
  const std::string said = hold.message.empty() ? std::string{} : ": " + hold.message;
  const std::string whose = key.empty() ? std::string("the quota") : fmt::format("the quota of key {}", key);
  return fmt::format("{} is spent (code {}{}); it comes back at {:%Y-%m-%d %H:%M:%S} UTC, in {}", whose, hold.code.empty() ? "-" : hold.code, said, fmt::gmtime(system_clock::to_time_t(hold.until)), wait);
}

}  // namespace siltgate::schedule
