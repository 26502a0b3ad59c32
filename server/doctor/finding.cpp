// SPDX-License-Identifier: Apache-2.0
#include "doctor/finding.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "observe/visible.hpp"

namespace siltgate::doctor {
namespace {

constexpr std::array<std::string_view, 5> words{"ok", "note", "warning", "fault", "skipped"};
constexpr std::array<std::string_view, 5> marks{"ok     ", "note   ", "WARNING", "FAULT  ", "skipped"};
constexpr std::array<std::string_view, 5> colours{"\033[32m", "\033[36m", "\033[33m", "\033[31m", "\033[2m"};

std::string indented(std::string_view text, std::string_view indent) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    out += std::string(indent) + observe::visible(text.substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string one(const Finding& finding, bool colour) {
  const auto index = static_cast<std::size_t>(finding.state);
  std::string mark(marks[index]);
  if (colour) mark = std::string(colours[index]) + mark + "\033[0m";
  std::string check = finding.check;
  check.resize(std::max<std::size_t>(check.size(), 9), ' ');
  std::string found = finding.found;
  std::string more;
  if (const auto feed = found.find('\n'); feed != std::string::npos) {
    more = indented(found.substr(feed + 1), "                    ");
    found.resize(feed);
  }
  std::string out = mark + "  " + check + "  " + finding.looked_at + (finding.looked_at.empty() || found.empty() ? "" : ": ") + observe::visible(found) + "\n" + more;
  if (!finding.remedy.empty()) out += indented(finding.remedy, "                    ");
  return out;
}

}  // namespace

std::string_view to_string(State state) { return words[static_cast<std::size_t>(state)]; }

bool any_fault(std::span<const Finding> findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& each) { return each.state == State::fault; });
}

std::string findings_text(std::span<const Finding> findings, bool colour) {
  std::string out;
  std::array<int, 5> counts{};
  for (const Finding& each : findings) {
    out += one(each, colour);
    ++counts[static_cast<std::size_t>(each.state)];
  }
  return out + "\n" + counted(static_cast<std::uint64_t>(counts[3]), "fault") + ", " + counted(static_cast<std::uint64_t>(counts[2]), "warning") + ", " + std::to_string(findings.size()) + " looked at\n";
}

std::string findings_json(std::span<const Finding> findings, std::string_view version) {
  nlohmann::json out{{"ok", !any_fault(findings)}, {"version", version}, {"findings", nlohmann::json::array()}};
  for (const Finding& each : findings)
    out["findings"].push_back({{"check", each.check}, {"state", to_string(each.state)}, {"looked_at", each.looked_at}, {"found", each.found}, {"remedy", each.remedy}});
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace siltgate::doctor
