// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms with bounded label sets, written in the Prometheus text format 0.0.4. Knows nothing of
// exchanges (exchange_metrics.hpp does). One thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate::observe {

using Labels = std::vector<std::string>;   // values, in the order of the family's label names

/// One metric name with all its label sets. Beyond `most_series` sets, new ones are counted under "_other" in every label.
class Family {
 public:
  enum class Kind { counter, gauge, histogram };
  static constexpr std::size_t most_series = 200;

  Family(Kind kind, std::string name, std::string help, std::vector<std::string> label_names,
         std::vector<double> buckets = {});

  void add(const Labels& labels, double amount = 1);       // counter, gauge
  void set(const Labels& labels, double value);            // gauge; a counter kept elsewhere
  void observe(const Labels& labels, double value);        // histogram
  /// Values that were counted elsewhere by the same borders: how many fell into each bucket, and their sum.
  void observe_all(const Labels& labels, std::span<const std::uint32_t> counts, double sum);
  void clear() { series_.clear(); }
  double value(const Labels& labels) const;                // 0 when there is none; a histogram's count
  std::size_t series() const { return series_.size(); }

  /// Appends HELP and TYPE (so that names are known from the start) and every series.
  void write(std::string& out) const;

 private:
  struct Series {
    double value = 0;                        // of a histogram: the sum
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;      // not cumulative
  };
  Series& at(const Labels& labels);
  void write_histogram(std::string& out, const Labels& labels, const Series& series) const;
  std::string label_text(const Labels& labels, std::string_view le = {}) const;

  Kind kind_;
  std::string name_, help_;
  std::vector<std::string> label_names_;
  std::vector<double> buckets_;              // upper bounds, ascending; +Inf is implied
  std::map<Labels, Series> series_;
};

}  // namespace siltgate::observe
