// SPDX-License-Identifier: Apache-2.0
// `config --effective`: every value in force with its origin, secrets redacted.
#include <algorithm>

#include "settings/load.hpp"
#include "settings/field_table.hpp"

namespace siltgate::settings {
namespace {

/// user:password of a URL inside `text` becomes ***.
std::string without_userinfo(std::string text) {
  const auto mark = text.find("://");
  if (mark == std::string::npos) return text;
  const auto at = text.rfind('@');
  if (at != std::string::npos && at > mark) text.replace(mark + 3, at - mark - 3, "***");
  return text;
}

struct Line {
  std::string left, right;
};

std::string origin_text(const Origin* origin) {
  if (!origin) return "default";
  switch (origin->from) {
    case Origin::From::file: return origin->name;
    case Origin::From::environment: return "environment " + origin->name;
    case Origin::From::flag: return "flag " + origin->name;
    case Origin::From::derived: break;
  }
  return "default (" + origin->name + ")";
}

std::string value_text(const Field& field, const Slot& slot, const Origin* origin) {
  const bool all_reference = origin && origin->written.starts_with("{") && origin->written.ends_with("}");
  if (field.type == Type::secret && !all_reference) return show(field, slot) == "\"\"" ? "\"\"" : "(secret)";
  if (origin && !origin->written.empty()) return without_userinfo('"' + origin->written + '"');
  const std::string value = show(field, slot);
  if (value.empty()) return "(" + std::string(field.fallback) + ")";
  return without_userinfo(value);
}

}  // namespace

std::string effective_text(const Loaded& loaded) {
  Settings settings = loaded.settings;  // slots need a place that can be written
  std::vector<Line> lines;
  std::size_t width = 0;
  for (const Field& field : fields())
    for (const Names& names : names_in(loaded.settings, field.path)) {
      const std::string path = display_path(field.path, names);
      const auto found = loaded.origins.find(path);
      const Origin* origin = found == loaded.origins.end() ? nullptr : &found->second;
      lines.push_back({path + " = " + value_text(field, field.slot(settings, names), origin), origin_text(origin)});
      width = std::max(width, std::min<std::size_t>(lines.back().left.size(), 60));
    }
  std::string out;
  for (const Line& line : lines)
    out += line.left + std::string(line.left.size() < width ? width - line.left.size() : 0, ' ') + "  # " + line.right + "\n";
  return out;
}

}  // namespace siltgate::settings
