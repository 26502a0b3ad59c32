// SPDX-License-Identifier: Apache-2.0
// The metrics of contract section 8: counted from finished records, with gauges from the State given at scrape time.
// docs/decisions/0010-metrics-by-hand.md says why no library. One thread.
#pragma once

#include <string>

#include "observe/metrics.hpp"
#include "observe/record.hpp"
#include "observe/state.hpp"

namespace siltgate::observe {

class ExchangeMetrics {
 public:
  ExchangeMetrics();

  /// A finished, judged exchange.
  void count(const ExchangeRecord& record);
  /// The whole exposition, text format 0.0.4 (Content-Type "text/plain; version=0.0.4; charset=utf-8").
  std::string expose(const State& state) const;

 private:
  void count_attempts(const ExchangeRecord& record);
  void count_genai(const ExchangeRecord& record);

  Family requests_, refusals_, findings_, tokens_;
  Family queue_wait_, first_event_, event_gap_, own_time_;
  Family genai_duration_, genai_first_chunk_, genai_chunk_, genai_tokens_;
};

}  // namespace siltgate::observe
