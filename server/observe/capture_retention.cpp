// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_retention.hpp"

#include <algorithm>
#include <charconv>

#include "observe/ids.hpp"
#include "observe/record_json.hpp"

namespace siltgate::observe {
namespace {

constexpr std::string_view suffix = ".jsonl";
constexpr std::size_t stamp_size = 20;   // 20261126T235005.123Z

}  // namespace

std::string capture_name(WallTime started_at, std::string_view id) {
  std::string stamp = iso8601(started_at);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp + "-" + std::string(id) + std::string(suffix);
}

std::optional<CaptureFile> parse_capture_name(std::string_view name) {
  if (!name.ends_with(suffix) || name.size() <= stamp_size + 1 + suffix.size() || name[stamp_size] != '-') return {};
  std::string stamp(name.substr(0, stamp_size));
  for (std::size_t at : {4, 7}) stamp.insert(at, "-");
  for (std::size_t at : {13, 16}) stamp.insert(at, ":");
  const auto time = parse_iso8601(stamp);
  const std::string_view id = name.substr(stamp_size + 1, name.size() - stamp_size - 1 - suffix.size());
  if (!time || !valid_id(id)) return {};
  return CaptureFile{std::string(name), std::string(id), *time, 0};
}

std::optional<long> part_owner(std::string_view name) {
  if (!name.starts_with(".sg_") || !name.ends_with(".part")) return {};
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return {};
  long pid = 0;
  const auto [end, error] = std::from_chars(name.data() + dash + 1, name.data() + name.size(), pid);
  if (error != std::errc{} || *end != '-' || pid <= 0) return {};
  return pid;
}

std::size_t surplus(const std::vector<CaptureFile>& files, std::uint64_t more, std::uint64_t max_total, Duration max_age, WallTime now) {
  std::uint64_t total = more;
  for (const CaptureFile& file : files) total += file.size;
  std::size_t gone = 0;
  for (; gone < files.size(); ++gone) {
    const bool too_old = now - files[gone].started_at > max_age;
    if (!too_old && total <= max_total) break;
    total -= files[gone].size;
  }
  return gone;
}

}  // namespace siltgate::observe
