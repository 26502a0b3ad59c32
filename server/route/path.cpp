// SPDX-License-Identifier: Apache-2.0
#include "route/path.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace siltgate::route {
namespace {

bool has_climbing_segment(std::string_view path) {
  while (!path.empty()) {
    auto end = path.find_first_of("/\\");
    auto segment = path.substr(0, end);
    segment = segment.substr(0, segment.find(';'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
  }
  return false;
}

bool holds_control(std::string_view path) {
  return std::any_of(path.begin(), path.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

std::string collapse_slashes(std::string_view path) {
  std::string out;
  for (char c : path)
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  return out;
}

bool has_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || path.substr(0, prefix.size()) != prefix) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::string_view first_segment(std::string_view path) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return path.substr(0, path.find('/'));
}

bool climbs(std::string_view path) {
  std::string text(path);
  for (int times = 0; times < 4; ++times) {
    if (has_climbing_segment(text) || holds_control(text)) return true;
    if (text.find('%') == text.npos) return false;
    text = percent_decoded(text);
  }
  return false;
}

}  // namespace siltgate::route
