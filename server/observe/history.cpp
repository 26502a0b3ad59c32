// SPDX-License-Identifier: Apache-2.0
#include "observe/history.hpp"

#include "observe/advice.hpp"

namespace siltgate::observe {
namespace {

constexpr std::string_view id_prefix = "sg_";

/// "127.0.0.1:4711" -> "127.0.0.1".
std::string_view address_of(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

bool begins(std::string_view id, std::string_view name) {
  if (id.substr(0, name.size()) == name) return true;
  return id.substr(0, id_prefix.size()) == id_prefix && id.substr(id_prefix.size(), name.size()) == name;
}

bool cut_in_body(const ExchangeRecord& record) {
  return record.delivered_body && !record.ended_cleanly && record.closed_first != Closer::client;
}

}  // namespace

bool Filter::matches(const ExchangeRecord& record) const {
  return (!verdict || record.verdict.blame == *verdict) && (!since || record.started_at >= *since);
}

void History::add(ExchangeRecord record) {
  auto kept = std::make_shared<const ExchangeRecord>(std::move(record));
  records_.push_back(kept);
  if (records_.size() > most_) records_.pop_front();
  std::vector<Subscription> told;
  for (const auto& [subscription, subscriber] : subscribers_) told.push_back(subscription);
  for (Subscription subscription : told) {
    auto found = subscribers_.find(subscription);
    if (found == subscribers_.end()) continue;
    const Subscriber subscriber = found->second;  // survives its own unsubscribe()
    subscriber(kept);
  }
}

RecordPtr History::find(std::string_view name) const {
  if (name.empty() || name == id_prefix || records_.empty()) return nullptr;
  if (name == "last") return records_.back();
  RecordPtr only;
  int found = 0;
  for (const RecordPtr& record : records_) {
    if (record->id == name) return record;
    if (!begins(record->id, name)) continue;
    only = record;
    ++found;
  }
  return found == 1 ? only : nullptr;
}

std::vector<RecordPtr> History::list(const Filter& filter, std::size_t limit) const {
  std::vector<RecordPtr> out;
  for (auto it = records_.rbegin(); it != records_.rend() && out.size() < limit; ++it)
    if (filter.matches(**it)) out.push_back(*it);
  return out;
}

RecordPtr History::replayed(const ExchangeRecord& record) const {
  if (record.request_sha256.empty() || !replays_posts(record.user_agent)) return nullptr;
  for (auto it = records_.rbegin(); it != records_.rend(); ++it) {
    const ExchangeRecord& earlier = **it;
    if (earlier.request_sha256 != record.request_sha256 || earlier.user_agent != record.user_agent) continue;
    if (address_of(earlier.peer) != address_of(record.peer)) continue;
    const bool at_once = record.accepted >= earlier.ended && record.accepted - earlier.ended <= std::chrono::seconds(1);
    if (at_once && cut_in_body(earlier) && earlier.client_keep_alive) return *it;
  }
  return nullptr;
}

History::Subscription History::subscribe(Subscriber subscriber) {
  subscribers_.emplace(next_, std::move(subscriber));
  return next_++;
}

void History::unsubscribe(Subscription subscription) { subscribers_.erase(subscription); }

}  // namespace siltgate::observe
