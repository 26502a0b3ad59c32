// SPDX-License-Identifier: Apache-2.0
#include "setup/jsonc_edit.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace siltgate::setup {
namespace {

using settings::Kind;
using settings::Node;

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// How this file is laid out, so that what is added looks like the rest.
struct Layout {
  std::string line_end = "\n";
  std::string unit = "  ";
};

/// White space between the start of the line and `offset`; nothing when something else stands there.
std::optional<std::string> indent_before(std::string_view text, std::size_t offset) {
  const auto begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;   // npos + 1 = 0
  const auto before = text.substr(begin, offset - begin);
  if (before.find_first_not_of(" \t") != std::string_view::npos) return {};
  return std::string(before);
}

std::string indent_of_line(std::string_view text, std::size_t offset) {
  const auto begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  const auto end = std::min(text.find_first_not_of(" \t", begin), text.size());
  return std::string(text.substr(begin, end - begin));
}

Layout layout_of(std::string_view text, const Node& root) {
  Layout layout;
  const auto feed = text.find('\n');
  if (feed != std::string_view::npos && feed > 0 && text[feed - 1] == '\r') layout.line_end = "\r\n";
  for (const Node& item : root.items)
    if (const auto indent = indent_before(text, item.key_span.begin); indent && !indent->empty()) {
      layout.unit = *indent;
      break;
    }
  return layout;
}

/// `"a": { "b": value }` for the path {a, b}, on one line or on several with `indent` before the first.
std::string member_text(const std::vector<std::string>& path, std::size_t from, const std::string& value, const Layout& layout,
                        const std::string& indent, bool one_line) {
  std::string out = json_string(path[from]) + ": ";
  if (from + 1 == path.size()) return out + value;
  if (one_line) return out + "{ " + member_text(path, from + 1, value, layout, indent, true) + " }";
  const std::string inner = indent + layout.unit;
  return out + "{" + layout.line_end + inner + member_text(path, from + 1, value, layout, inner, false) + layout.line_end + indent + "}";
}

/// Behind white space and comments from `at` on.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos) ++at;
    else if (text.substr(at, 2) == "//") at = std::min(text.find('\n', at), text.size());
    else if (text.substr(at, 2) == "/*") at = std::min(text.find("*/", at + 2), text.size() - 2) + 2;
    else break;
  }
  return at;
}

/// Behind the comments that follow `at` on its line: they belong to what stands before them.
std::size_t end_of_remarks(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      end = std::min(text.find_first_of("\r\n", at), text.size());
      return end;
    } else if (text.substr(at, 2) == "/*") {
      const auto close = text.find("*/", at + 2);
      if (close == std::string_view::npos || text.substr(at, close - at).find('\n') != std::string_view::npos) return end;
      end = at = close + 2;
    } else {
      return end;
    }
  }
  return end;
}

class Edit {
 public:
  Edit(std::string text, const Change& change) : text_(std::move(text)), change_(change) {}

  Edited run() {
    parsed_ = settings::parse_jsonc(text_);
    if (!parsed_.complaints.empty()) return {text_, parsed_.complaints};
    layout_ = layout_of(text_, parsed_.root);
    const Node* at = &parsed_.root;
    for (std::size_t depth = 0; depth < change_.path.size(); ++depth) {
      if (at->kind != Kind::object) return wrong_kind(*at, depth);
      const Node* child = at->find(change_.path[depth]);
      if (child == nullptr) {
        insert(*at, depth);
        return {text_, {}};
      }
      at = child;
    }
    replace(*at);
    return {text_, {}};
  }

 private:
  Edited wrong_kind(const Node& node, std::size_t depth) const {
    const std::string what = depth == 0 ? "the file" : "\"" + change_.path[depth - 1] + "\"";
    return {text_, {{node.span, what + " must be an object { … } for siltgate to put \"" + change_.path[depth] + "\" into it"}}};
  }

  void replace(const Node& node) {
    const std::string_view old = std::string_view(text_).substr(node.span.begin, node.span.end - node.span.begin);
    const bool same_string = node.kind == Kind::string && json_string(node.text) == change_.value;
    if (same_string || old == change_.value) return;
    text_.replace(node.span.begin, node.span.end - node.span.begin, change_.value);
  }

  void insert(const Node& object, std::size_t depth) {
    if (object.items.empty()) return insert_first(object, depth);
    const Node& first = object.items.front();
    const Node& last = object.items.back();
    const auto own_line = indent_before(text_, first.key_span.begin);
    const bool one_line = !own_line || text_.find('\n', object.span.begin) > first.key_span.begin;
    const std::string member = member_text(change_.path, depth, change_.value, layout_, own_line.value_or(""), one_line);
    const std::size_t comma = skip_blanks(text_, last.span.end);
    const bool trailing = comma < text_.size() && text_[comma] == ',';
    const std::size_t behind = trailing ? comma + 1 : last.span.end;
    const std::size_t place = one_line ? behind : end_of_remarks(text_, behind);
    text_.insert(place, (one_line ? " " : layout_.line_end + *own_line) + member + (trailing ? "," : ""));
    if (!trailing) text_.insert(last.span.end, ",");
  }

  /// Into an object without members: `{}`, `{ }`, or one that holds comments alone.
  void insert_first(const Node& object, std::size_t depth) {
    const std::size_t open = object.span.begin + 1, close = object.span.end - 1;
    const std::string base = indent_of_line(text_, object.span.begin), indent = base + layout_.unit;
    const std::string member = member_text(change_.path, depth, change_.value, layout_, indent, false);
    const std::string_view inner = std::string_view(text_).substr(open, close - open);
    if (blank(inner)) {
      text_.replace(open, close - open, layout_.line_end + indent + member + layout_.line_end + base);
      return;
    }
    const auto tail = inner.find_last_not_of(" \t\r\n") + 1;   // behind the last comment
    text_.replace(open + tail, inner.size() - tail, layout_.line_end + indent + member + layout_.line_end + base);
  }

  std::string text_;
  const Change& change_;
  settings::Parsed parsed_;
  Layout layout_;
};

}  // namespace

std::string json_string(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Edited edit_jsonc(std::string_view text, const std::vector<Change>& changes) {
  Edited edited{blank(text) ? "{}\n" : std::string(text), {}};
  for (const Change& change : changes)   // first on the text as it is, so that positions are the user's
    if (Edited tried = Edit(edited.text, change).run(); !tried.complaints.empty()) return {std::string(text), std::move(tried.complaints)};
  for (const Change& change : changes) {
    Edited next = Edit(edited.text, change).run();
    if (!next.complaints.empty()) return {std::string(text), std::move(next.complaints)};
    edited.text = std::move(next.text);
  }
  return edited;
}

}  // namespace siltgate::setup
