// SPDX-License-Identifier: Apache-2.0
#include "observe/key_stats.hpp"

#include <algorithm>
#include <vector>

namespace siltgate::observe {
namespace {

/// Nearest rank. `sorted` is not empty.
Duration percentile(const std::vector<Duration>& sorted, std::size_t percent) {
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[rank == 0 ? 0 : rank - 1];
}

/// Where an exchange of this provider, key and model counts, rows.size() where there is no such row any more.
std::size_t row_of(const std::vector<KeyRow>& rows, const std::tuple<std::string, std::string, std::string>& name) {
  const auto& [provider, key, model] = name;
  std::size_t found = rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const KeyRow& row = rows[i];
    if (!row.wide && (row.provider != provider || row.key != key)) continue;
    if (!row.wide && (row.group.empty() ? row.model == model : std::find(row.group.begin(), row.group.end(), model) != row.group.end())) return i;
    if (row.wide && (row.provider.empty() || row.provider == provider) && (row.key.empty() || row.key == key)) found = i;
  }
  return found;
}

}  // namespace

Duration time_to_first_event(const ExchangeRecord& record) {
  const TimePoint first = record.first_event != TimePoint{} ? record.first_event : record.first_byte;
  if (first == TimePoint{} || record.admitted == TimePoint{} || first < record.admitted) return Duration{0};
  return first - record.admitted;
}

bool was_damaged(const ExchangeRecord& record) {
  return std::any_of(record.findings.begin(), record.findings.end(),
                     [](const Finding& f) { return f.action == Action::reject || f.action == Action::drop; });
}

void KeyStats::count(const ExchangeRecord& record) {
  std::tuple name{record.provider, record.key, record.model};
  if (record.provider.empty() || (totals_.size() >= most_keys && !totals_.contains(name))) return;
  Totals& totals = totals_[name];
  ++totals.finished;
  if (was_damaged(record)) ++totals.damaged;
  for (const Attempt& attempt : record.attempts)
    if (!attempt.refusal.empty()) ++totals.refusals;
  Sample sample;
  sample.ttft = time_to_first_event(record);
  if (sample.ttft == Duration{0}) return;
  const TimePoint first = record.admitted + sample.ttft;
  if (record.last_byte_in > first) sample.streaming = record.last_byte_in - first;
  sample.tokens = record.out_tokens;
  totals.last.push_back(sample);
  if (totals.last.size() > samples) totals.last.pop_front();
}

void KeyStats::fill(std::vector<KeyRow>& rows) const {
  std::vector<std::vector<const Totals*>> parts(rows.size());
  for (const auto& [name, totals] : totals_)
    if (const auto row = row_of(rows, name); row < rows.size()) parts[row].push_back(&totals);
  for (std::size_t i = 0; i < rows.size(); ++i) fill(rows[i], parts[i]);
}

void KeyStats::fill(KeyRow& row, const std::vector<const Totals*>& parts) {
  std::vector<Duration> ttfts;
  std::int64_t tokens = 0;
  Duration streaming{0};
  row.refusals = row.damaged = row.finished = 0;
  for (const Totals* totals : parts) {
    row.refusals += totals->refusals;
    row.damaged += totals->damaged;
    row.finished += totals->finished;
    for (const Sample& sample : totals->last) {
      ttfts.push_back(sample.ttft);
      if (sample.tokens <= 0 || sample.streaming == Duration{0}) continue;
      tokens += sample.tokens;
      streaming += sample.streaming;
    }
  }
  std::sort(ttfts.begin(), ttfts.end());
  if (!ttfts.empty()) {
    row.ttft_p50 = percentile(ttfts, 50);
    row.ttft_p95 = percentile(ttfts, 95);
  }
  if (streaming > Duration{0})
    row.tokens_per_second = static_cast<double>(tokens) / std::chrono::duration<double>(streaming).count();
}

}  // namespace siltgate::observe
