// SPDX-License-Identifier: Apache-2.0
#include "setup/diff.hpp"

#include <algorithm>
#include <vector>

namespace siltgate::setup {
namespace {

constexpr std::size_t context = 3;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

struct Row {
  char mark;   // ' ', '-' or '+'
  std::string_view line;
};

/// Longest common subsequence between the equal ends; configuration files are small.
std::vector<Row> rows_of(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::size_t front = 0, back = 0;
  while (front < a.size() && front < b.size() && a[front] == b[front]) ++front;
  while (back < a.size() - front && back < b.size() - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
  const std::size_t n = a.size() - front - back, m = b.size() - front - back;
  std::vector<std::vector<std::size_t>> longest(n + 1, std::vector<std::size_t>(m + 1));
  for (std::size_t i = n; i-- > 0;)
    for (std::size_t j = m; j-- > 0;)
      longest[i][j] = a[front + i] == b[front + j] ? longest[i + 1][j + 1] + 1 : std::max(longest[i + 1][j], longest[i][j + 1]);
  std::vector<Row> rows;
  for (std::size_t i = 0; i < front; ++i) rows.push_back({' ', a[i]});
  std::size_t i = 0, j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && a[front + i] == b[front + j]) rows.push_back({' ', a[front + i]}), ++i, ++j;
    else if (j == m || (i < n && longest[i + 1][j] >= longest[i][j + 1])) rows.push_back({'-', a[front + i++]});
    else rows.push_back({'+', b[front + j++]});
  }
  for (std::size_t k = a.size() - back; k < a.size(); ++k) rows.push_back({' ', a[k]});
  return rows;
}

std::string row_text(const Row& row, bool colour) {
  std::string line(row.line);
  const bool feed = !line.empty() && line.back() == '\n';
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  line.insert(line.begin(), row.mark);
  if (colour && row.mark != ' ') line = (row.mark == '-' ? "\033[31m" : "\033[32m") + line + "\033[0m";
  return line + "\n" + (feed ? "" : "\\ No newline at end of file\n");
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const std::string& name, bool colour) {
  if (before == after) return {};
  const auto rows = rows_of(lines_of(before), lines_of(after));
  std::string out = "--- " + name + "\n+++ " + name + " (with siltgate)\n";
  std::size_t at = 0, line_a = 1, line_b = 1;
  while (at < rows.size()) {
    std::size_t first = at;
    while (first < rows.size() && rows[first].mark == ' ') ++first;
    if (first == rows.size()) break;
    const std::size_t begin = first - std::min(context, first - at);
    line_a += begin - at, line_b += begin - at;
    std::size_t end = first, equal = 0;
    while (end < rows.size() && equal <= 2 * context) equal = rows[end++].mark == ' ' ? equal + 1 : 0;
    end -= equal > context ? equal - context : 0;
    std::string body;
    std::size_t count_a = 0, count_b = 0;
    for (std::size_t i = begin; i < end; ++i) {
      body += row_text(rows[i], colour);
      count_a += rows[i].mark != '+', count_b += rows[i].mark != '-';
    }
    const auto range = [](std::size_t line, std::size_t count) { return std::to_string(count == 0 ? line - 1 : line) + "," + std::to_string(count); };
    out += "@@ -" + range(line_a, count_a) + " +" + range(line_b, count_b) + " @@\n" + body;
    line_a += count_a, line_b += count_b, at = end;
  }
  return out;
}

}  // namespace siltgate::setup
