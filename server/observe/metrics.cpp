// SPDX-License-Identifier: Apache-2.0
#include "observe/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "observe/visible.hpp"

namespace siltgate::observe {
namespace {

constexpr std::size_t longest_label = 128;

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  if (value == std::floor(value) && std::fabs(value) < 9e15) return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

/// Backslash, quote and LF escaped, as the format asks; control characters and broken UTF-8 made visible first.
std::string label_value(std::string_view text) {
  std::string out;
  for (char c : visible(text, longest_label)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Family::Family(Kind kind, std::string name, std::string help, std::vector<std::string> label_names,
               std::vector<double> buckets)
    : kind_(kind),
      name_(std::move(name)),
      help_(std::move(help)),
      label_names_(std::move(label_names)),
      buckets_(std::move(buckets)) {}

Family::Series& Family::at(const Labels& labels) {
  auto found = series_.find(labels);
  if (found == series_.end()) {
    const Labels key = series_.size() < most_series ? labels : Labels(label_names_.size(), "_other");
    found = series_.try_emplace(key).first;
    found->second.buckets.resize(buckets_.size() + (kind_ == Kind::histogram ? 1 : 0));
  }
  return found->second;
}

void Family::add(const Labels& labels, double amount) { at(labels).value += amount; }
void Family::set(const Labels& labels, double value) { at(labels).value = value; }

void Family::observe(const Labels& labels, double value) {
  Series& series = at(labels);
  series.value += value;
  ++series.count;
  const auto bucket = std::lower_bound(buckets_.begin(), buckets_.end(), value) - buckets_.begin();
  ++series.buckets[static_cast<std::size_t>(bucket)];
}

void Family::observe_all(const Labels& labels, std::span<const std::uint32_t> counts, double sum) {
  Series& series = at(labels);
  series.value += sum;
  for (std::size_t i = 0; i < series.buckets.size() && i < counts.size(); ++i) {
    series.buckets[i] += counts[i];
    series.count += counts[i];
  }
}

double Family::value(const Labels& labels) const {
  auto found = series_.find(labels);
  if (found == series_.end()) return 0;
  return kind_ == Kind::histogram ? static_cast<double>(found->second.count) : found->second.value;
}

std::string Family::label_text(const Labels& labels, std::string_view le) const {
  std::string out;
  for (std::size_t i = 0; i < label_names_.size(); ++i)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", label_names_[i], i < labels.size() ? label_value(labels[i]) : "");
  if (!le.empty()) out += fmt::format("{}le=\"{}\"", out.empty() ? "" : ",", le);
  return out.empty() ? out : "{" + out + "}";
}

void Family::write_histogram(std::string& out, const Labels& labels, const Series& series) const {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i <= buckets_.size(); ++i) {
    below += series.buckets[i];
    const std::string bound = i < buckets_.size() ? number(buckets_[i]) : "+Inf";
    out += fmt::format("{}_bucket{} {}\n", name_, label_text(labels, bound), below);
  }
  out += fmt::format("{}_sum{} {}\n", name_, label_text(labels), number(series.value));
  out += fmt::format("{}_count{} {}\n", name_, label_text(labels), series.count);
}

void Family::write(std::string& out) const {
  constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help_, name_, kinds[static_cast<int>(kind_)]);
  for (const auto& [labels, series] : series_) {
    if (kind_ == Kind::histogram)
      write_histogram(out, labels, series);
    else
      out += fmt::format("{}{} {}\n", name_, label_text(labels), number(series.value));
  }
}

}  // namespace siltgate::observe
