// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "setup/line_edit.hpp"

namespace siltgate::setup {
namespace {

struct Line {
  std::size_t begin = 0, end = 0;   // without its line feed
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto feed = std::min(text.find('\n', at), text.size());
    const bool carriage = feed > at && text[feed - 1] == '\r';
    out.push_back({at, carriage ? feed - 1 : feed});
    at = feed + 1;
  }
  return out;
}

/// Where the value of a top-level `key:` begins on this line; npos when it is another line.
std::size_t value_of(std::string_view line, std::string_view key) {
  for (const std::string& spelling : {std::string(key), "\"" + std::string(key) + "\"", "'" + std::string(key) + "'"}) {
    if (!line.starts_with(spelling)) continue;
    const auto colon = line.find_first_not_of(" \t", spelling.size());
    if (colon == std::string_view::npos || line[colon] != ':') continue;
    if (colon + 1 < line.size() && line[colon + 1] != ' ' && line[colon + 1] != '\t') continue;
    return std::min(line.find_first_not_of(" \t", colon + 1), line.size());
  }
  return std::string_view::npos;
}

/// End of a one-line value: a quoted string, or the text before a comment.
std::size_t end_of_value(std::string_view line, std::size_t begin) {
  if (begin < line.size() && (line[begin] == '"' || line[begin] == '\'')) {
    const auto close = line.find(line[begin], begin + 1);
    return close == std::string_view::npos ? line.size() : close + 1;
  }
  std::size_t end = line.size();
  for (std::size_t at = begin; at < line.size(); ++at)
    if (line[at] == '#' && (at == begin || line[at - 1] == ' ' || line[at - 1] == '\t')) {
      end = at;
      break;
    }
  while (end > begin && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  return end;
}

Edited refuse(std::string_view text, Line where, std::string why) {
  return {std::string(text), {{{where.begin, std::max(where.end, where.begin + 1)}, std::move(why)}}};
}

/// Complaints about a file that single lines cannot be added to.
Edited check_form(std::string_view text) {
  bool content = false;
  for (const Line& line : lines_of(text)) {
    const auto words = text.substr(line.begin, line.end - line.begin);
    if (words.starts_with("---") && content) return refuse(text, line, "several YAML documents in one file; siltgate changes files with one");
    if (words.starts_with("...")) return refuse(text, line, "siltgate cannot add to a YAML document that ends before the file does");
    const auto first = words.find_first_not_of(" \t");
    if (first == std::string_view::npos || words[first] == '#' || words.starts_with("---") || words.starts_with("%")) continue;
    if (!content && first == 0 && (words[0] == '{' || words[0] == '[' || words.starts_with("- ")))
      return refuse(text, line, "expected a mapping with one key per line, such as: openai-api-base: http://127.0.0.1:4290/v1");
    if (!content && first > 0) return refuse(text, line, "expected the first key at the beginning of its line");
    content = true;
  }
  return {std::string(text), {}};
}

Edited apply(const std::string& text, const YamlChange& change) {
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view words = std::string_view(text).substr(lines[i].begin, lines[i].end - lines[i].begin);
    const std::size_t value = value_of(words, change.key);
    if (value == std::string_view::npos) continue;
    const bool goes_on = i + 1 < lines.size() && lines[i + 1].end > lines[i + 1].begin && (text[lines[i + 1].begin] == ' ' || text[lines[i + 1].begin] == '\t');
    if (goes_on) return refuse(text, lines[i], "the value of " + change.key + " goes on in the next line; put it on one");
    const std::size_t end = end_of_value(words, value);
    std::string out = text;
    const bool apart = value > 0 && words[value - 1] != ':';
    return {out.replace(lines[i].begin + value, end - value, (apart ? "" : " ") + change.value), {}};
  }
  const std::string feed = text.find("\r\n") != std::string::npos ? "\r\n" : "\n";
  std::string out = text;
  if (!out.empty() && out.back() != '\n') out += feed;
  return {out + change.key + ": " + change.value + feed, {}};
}

}  // namespace

Edited edit_yaml(std::string_view text, const std::vector<YamlChange>& changes) {
  Edited edited = check_form(text);
  for (const YamlChange& change : changes) {
    if (!edited.complaints.empty()) break;
    edited = apply(edited.text, change);
  }
  if (!edited.complaints.empty()) edited.text = std::string(text);
  return edited;
}

}  // namespace siltgate::setup
