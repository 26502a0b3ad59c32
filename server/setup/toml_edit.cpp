// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "setup/line_edit.hpp"

namespace siltgate::setup {
namespace {

using settings::Span;

/// A table header or a `key = value`, with the place of the value.
struct Statement {
  std::string table;   // the one it stands in; of a header: its own name
  std::string key;     // "" = header
  Span span;           // from its first character to the end of its value
  Span value;
};

struct Read {
  std::vector<Statement> statements;
  std::optional<settings::Complaint> fault;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Read run() {
    while (skip_to_statement()) {
      const std::size_t begin = at_;
      if (text_[at_] == '[') header(begin);
      else key_value(begin);
      if (out_.fault) break;
      skip_line();
    }
    return std::move(out_);
  }

 private:
  bool skip_to_statement() {
    while (at_ < text_.size()) {
      if (std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
      else if (text_[at_] == '#') skip_line();
      else return true;
    }
    return false;
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }
  void fail(std::size_t at, std::string why) { out_.fault = settings::Complaint{{at, std::min(at + 1, text_.size())}, std::move(why)}; }

  static std::string bare(std::string_view name) {
    std::string out;
    for (char c : name)
      if (c != ' ' && c != '\t' && c != '"' && c != '\'') out += c;
    return out;
  }

  void header(std::size_t begin) {
    const auto end = text_.find_first_of("\r\n", at_);
    const std::string_view line = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
    const auto close = line.find(']');
    if (close == std::string_view::npos) return fail(begin, "this [ is never closed on its line");
    const bool array = line.starts_with("[[");
    table_ = (array ? "[]" : "") + bare(line.substr(array ? 2 : 1, close - (array ? 2 : 1)));
    at_ += close + (array ? 2 : 1);
    at_ = std::min(at_, text_.size());
    out_.statements.push_back({table_, "", {begin, at_}, {}});
  }

  void key_value(std::size_t begin) {
    const auto equals = text_.find_first_of("=\n", at_);
    if (equals == std::string_view::npos || text_[equals] == '\n') return fail(begin, "expected KEY = VALUE or [TABLE]");
    Statement statement{table_, bare(text_.substr(begin, equals - begin)), {}, {}};
    at_ = text_.find_first_not_of(" \t", equals + 1);
    if (at_ == std::string_view::npos) at_ = text_.size();
    statement.value.begin = at_;
    value();
    if (out_.fault) return;
    while (at_ > statement.value.begin && std::string_view(" \t\r\n").find(text_[at_ - 1]) != std::string_view::npos) --at_;
    statement.value.end = at_;
    statement.span = {begin, at_};
    out_.statements.push_back(std::move(statement));
  }

  /// To the end of the value: a line feed or comment outside of strings and brackets.
  void value() {
    const std::size_t begin = at_;
    int depth = 0;
    while (at_ < text_.size() && !out_.fault) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        string();
        continue;
      }
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (depth <= 0 && (c == '\n' || c == '#')) return;
      if (c == '#') skip_line();
      else ++at_;
    }
    if (depth > 0) fail(begin, "a bracket of this value is never closed");
  }

  void string() {
    const std::size_t begin = at_;
    const char quote = text_[at_];
    const std::string triple(3, quote);
    const bool many_lines = text_.substr(at_, 3) == triple;
    at_ += many_lines ? 3 : 1;
    while (at_ < text_.size()) {
      if (text_[at_] == '\\' && quote == '"') at_ += 2;
      else if (many_lines && text_.substr(at_, 3) == triple) return void(at_ += 3);
      else if (!many_lines && text_[at_] == quote) return void(++at_);
      else if (!many_lines && text_[at_] == '\n') break;
      else ++at_;
    }
    fail(begin, "this string is never closed");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string table_;
  Read out_;
};

std::string line_end_of(std::string_view text) { return text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n"; }

const Statement* find(const Read& read, std::string_view table, std::string_view key) {
  for (const Statement& each : read.statements)
    if (each.table == table && each.key == key) return &each;
  return nullptr;
}

/// An inline or dotted form of the table, which lines cannot be added to.
const Statement* standing_inline(const Read& read, const std::string& table) {
  const std::string parent = table.substr(0, table.rfind('.')), name = table.substr(table.rfind('.') + 1);
  for (const Statement& each : read.statements) {
    if (each.key.empty() || table.empty()) continue;
    const std::string full = each.table.empty() ? each.key : each.table + "." + each.key;
    if (full == table || full == parent || (full.starts_with(table + ".") && each.table != table)) return &each;
  }
  return nullptr;
}

/// Behind the last statement of the table; nothing when the table has no header.
std::optional<std::size_t> end_of_table(const Read& read, std::string_view table) {
  std::optional<std::size_t> end;
  for (const Statement& each : read.statements)
    if (each.table == table) end = each.span.end;
  return end;
}

/// The rest of the line behind `at`, comment included, belongs to what stands there.
std::size_t end_of_line(std::string_view text, std::size_t at) {
  const auto end = std::min(text.find('\n', at), text.size());
  return end > at && text[end - 1] == '\r' ? end - 1 : end;
}

/// A key of the top level of a file that has none yet, above its first table but below the remarks at its head.
std::string with_first_key(std::string text, const Read& read, const std::string& line, const std::string& feed) {
  if (read.statements.empty()) {
    if (!text.empty() && text.back() != '\n') text += feed;
    return text + line + feed;
  }
  const auto begin = text.rfind('\n', read.statements.front().span.begin);
  const std::size_t place = begin == std::string::npos ? 0 : begin + 1;
  return text.substr(0, place) + line + feed + feed + text.substr(place);
}

Edited apply(const std::string& text, const TomlChange& change) {
  const Read read = Reader(text).run();
  if (read.fault) return {text, {*read.fault}};
  const std::string feed = line_end_of(text), line = change.key + " = " + change.value;
  if (const Statement* known = find(read, change.table, change.key); known && !change.key.empty()) {
    std::string out = text;
    out.replace(known->value.begin, known->value.end - known->value.begin, change.value);
    return {out, {}};
  }
  if (const Statement* odd = standing_inline(read, change.table))
    return {text, {{odd->span, "siltgate cannot add to a table in this form; write it as [" + change.table + "] with one line per key"}}};
  if (const auto end = end_of_table(read, change.table)) {
    std::string out = text;
    return {out.insert(end_of_line(text, *end), feed + line), {}};
  }
  if (change.table.empty()) return {with_first_key(text, read, line, feed), {}};
  std::string out = text;
  if (!out.empty() && out.back() != '\n') out += feed;
  if (!out.empty()) out += feed;
  return {out + "[" + change.table + "]" + feed + line + feed, {}};
}

}  // namespace

Edited edit_toml(std::string_view text, const std::vector<TomlChange>& changes) {
  Edited edited{std::string(text), {}};
  for (const TomlChange& change : changes) {
    Edited next = apply(edited.text, change);
    if (!next.complaints.empty()) return {std::string(text), std::move(next.complaints)};
    edited.text = std::move(next.text);
  }
  return edited;
}

}  // namespace siltgate::setup
