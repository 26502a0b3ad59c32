// SPDX-License-Identifier: Apache-2.0
#include "settings/jsonc.hpp"

#include <algorithm>

#include "settings/blot.hpp"
#include "settings/source.hpp"

namespace siltgate::settings {
namespace {

constexpr int deepest = 32;

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '-';
}

bool digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 8259 section 6.
bool is_number(std::string_view text) {
  auto digits = [&text] {
    std::size_t n = 0;
    while (n < text.size() && digit(text[n])) ++n;
    text.remove_prefix(n);
    return n;
  };
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  const bool zero = !text.empty() && text.front() == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

void append_utf8(std::string& out, unsigned long code) {
  auto put = [&out](unsigned long byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      put(0xE0 | (code >> 12));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
    }
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), hidden_(secrets_in(text)) {}

  Parsed run() {
    if (auto bad = first_invalid_utf8(text_); bad != std::string_view::npos) {
      stop({bad, bad + 1}, "this byte is not UTF-8; save the file as UTF-8");
      return std::move(out_);
    }
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    skip_space();
    if (at_ == text_.size() && out_.complete)
      stop({at_, at_}, "expected {, found the end of the file");
    else
      value(out_.root, 1);
    skip_space();
    if (out_.complete && at_ < text_.size()) stop({at_, at_ + 1}, "text after the end of the configuration");
    std::stable_sort(out_.complaints.begin(), out_.complaints.end(),
                     [](const auto& a, const auto& b) { return a.span.begin < b.span.begin; });
    return std::move(out_);
  }

 private:
  void complain(Span span, std::string message) {
    span.end = std::min(span.end, text_.size());   // what is missing at the end of the file stands nowhere
    out_.complaints.push_back({span, std::move(message)});
  }
  void stop(Span span, std::string message) {
    if (!out_.complete) return;
    complain(span, std::move(message));
    out_.complete = false;
  }
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }
  std::string line_of(std::size_t offset) const {
    return std::to_string(1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
  }
  /// A message must not repeat it, nor propose it.
  bool secret(std::size_t begin) const {
    return std::any_of(hidden_.begin(), hidden_.end(), [&](const Hidden& one) { return one.span.begin < at_ && one.span.end > begin; });
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  void skip_space() {
    while (!at_end()) {
      if (std::string_view(" \t\r\n").find(here()) != std::string_view::npos) {
        ++at_;
      } else if (text_.substr(at_, 2) == "//") {
        skip_line();
      } else if (text_.substr(at_, 2) == "/*") {
        const auto close = text_.find("*/", at_ + 2);
        if (close == std::string_view::npos) {
          stop({at_, at_ + 2}, "this comment is never closed: */ is missing");
          at_ = text_.size();
        } else {
          at_ = close + 2;
        }
      } else if (here() == '#') {
        complain({at_, at_ + 1}, "comments begin with //, not #");
        skip_line();
      } else {
        return;
      }
    }
  }

  void value(Node& node, int depth) {
    node.span = {at_, at_};
    const char c = here();
    if ((c == '{' || c == '[') && depth > deepest) return stop({at_, at_ + 1}, "nested more than 32 levels deep");
    if (c == '{' || c == '[') return container(node, depth);
    if (c == '"' || c == '\'') {
      node.kind = Kind::string;
      string(node.text);
    } else if (digit(c) || c == '-' || c == '+' || c == '.') {
      number(node);
    } else if (word_character(c)) {
      word(node);
    } else {
      stop({at_, at_ + 1}, at_end() ? "expected a value, found the end of the file"
                                    : "expected a value, found " + std::string(character_at(text_, at_)));
    }
    node.span.end = at_;
  }

  void number(Node& node) {
    const auto begin = at_;
    while (word_character(here()) || here() == '.' || here() == '+') ++at_;
    node.text = std::string(text_.substr(begin, at_ - begin));
    if (is_number(node.text)) {
      node.kind = Kind::number;
      return;
    }
    if (secret(begin)) return complain({begin, at_}, "this is not a JSON number; a string stands in double quotes");
    const bool unit = digit(node.text.front()) && !digit(node.text.back()) && node.text.find_first_of(".+-") == std::string::npos;
    complain({begin, at_}, node.text + " is not a JSON number" +
                               (unit ? "; a duration or size is a string: write \"" + node.text + "\"" : ""));
  }

  void word(Node& node) {
    const auto begin = at_;
    while (word_character(here())) ++at_;
    node.text = std::string(text_.substr(begin, at_ - begin));
    if (node.text == "true" || node.text == "false") {
      node.kind = Kind::boolean;
    } else if (node.text == "null") {
      node.kind = Kind::null;
    } else if (secret(begin)) {
      complain({begin, at_}, "unknown word; a string stands in double quotes");
    } else {
      std::string lower = node.text;
      std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c | 0x20); });
      const bool known = lower == "true" || lower == "false" || lower == "null";
      complain({begin, at_}, "unknown word " + node.text + "; did you mean " + (known ? lower : '"' + node.text + '"') + "?");
    }
  }

  /// Four hexadecimal digits behind \u, or -1.
  long hex4() {
    if (at_ + 4 > text_.size()) return -1;
    long code = 0;
    for (char c : text_.substr(at_, 4)) {
      const auto place = std::string_view("0123456789abcdef").find(static_cast<char>(digit(c) ? c : c | 0x20));
      if (place == std::string_view::npos) return -1;
      code = code * 16 + static_cast<long>(place);
    }
    at_ += 4;
    return code;
  }

  void escape(std::string& out) {
    const auto begin = at_++;
    const char c = here();
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (auto place = names.find(c); !at_end() && place != std::string_view::npos) {
      out += meanings[place];
      ++at_;
      return;
    }
    if (c == 'u') {
      ++at_;
      long code = hex4();
      if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        const long low = hex4();
        code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : -1;
      }
      if (code >= 0 && (code < 0xD800 || code > 0xDFFF)) return append_utf8(out, static_cast<unsigned long>(code));
    }
    complain({begin, std::min(begin + 2, text_.size())},
             "unknown escape in a string; a backslash itself is written \\\\");
  }

  void string(std::string& out) {
    const auto begin = at_;
    const char quote = here();
    if (quote == '\'') complain({begin, begin + 1}, "strings take double quotes (\"), not single ones");
    ++at_;
    while (here() != quote) {
      if (at_end() || here() == '\n') {
        stop({begin, begin + 1}, "this string is not closed before the end of the line");
        return;
      }
      if (here() == '\\') {
        escape(out);
        continue;
      }
      if (static_cast<unsigned char>(here()) < 0x20)
        complain({at_, at_ + 1}, here() == '\t' ? "a tab inside a string is written \\t" : "a control character inside a string");
      out += text_[at_++];
    }
    ++at_;
  }

  bool member_key(Node& member) {
    member.key_span = {at_, at_};
    if (here() == '"' || here() == '\'') {
      string(member.key);
    } else if (word_character(here())) {
      const auto begin = at_;
      while (word_character(here())) ++at_;
      member.key = std::string(text_.substr(begin, at_ - begin));
      complain({begin, at_}, secret(begin) ? "keys need double quotes" : "keys need double quotes: write \"" + member.key + '"');
    } else {
      stop({at_, at_ + 1}, "expected a key in double quotes, found " + std::string(character_at(text_, at_)));
    }
    member.key_span.end = at_;
    return out_.complete;
  }

  void member(Node& object, int depth) {
    Node node;
    if (!member_key(node)) return;
    skip_space();
    const bool joined = here() == ':' || here() == '=';
    if (joined) {
      if (here() == '=') complain({at_, at_ + 1}, "expected : between key and value, found =");
      ++at_;
    } else {
      complain({node.key_span.end, node.key_span.end + 1}, "expected : and a value after the key \"" + node.key + '"');
    }
    skip_space();
    if (here() == ',' || here() == '}' || (at_end() && !joined)) {
      if (joined) complain({at_, at_ + 1}, "the key \"" + node.key + "\" has no value");
      node.span = {at_, at_};
    } else {
      value(node, depth + 1);
    }
    if (const Node* first = object.find(node.key))
      complain(node.key_span, "duplicate key \"" + node.key + "\"; it was first given at line " + line_of(first->key_span.begin));
    else
      object.items.push_back(std::move(node));
  }

  /// What stands between two items: a comma, the end, or a fault. False when the container is done.
  bool separator(const Node& node, char open, char close, std::size_t item_end) {
    skip_space();
    if (!out_.complete) return false;
    if (here() == ',') {
      ++at_;
      return true;
    }
    if (here() == close) return true;
    if (at_end() || here() == (close == '}' ? ']' : '}')) return true;
    if (here() == '"' || here() == '{' || here() == '[' || word_character(here())) {
      complain({item_end, item_end + 1}, "a comma is missing here");
      return true;
    }
    stop({at_, at_ + 1}, "expected , or " + std::string(1, close) + " (the " + std::string(1, open) + " of line " +
                             line_of(node.span.begin) + " is open), found " + std::string(character_at(text_, at_)));
    return false;
  }

  void container(Node& node, int depth) {
    const char open = here();
    const char close = open == '{' ? '}' : ']';
    node.kind = open == '{' ? Kind::object : Kind::array;
    ++at_;
    while (out_.complete) {
      skip_space();
      if (!out_.complete) break;
      if (at_end())
        return stop({node.span.begin, node.span.begin + 1}, std::string("this ") + open + " is never closed");
      if (here() == close) {
        ++at_;
        break;
      }
      if (here() == '}' || here() == ']')
        return stop({at_, at_ + 1}, std::string("expected ") + close + " to close the " + open + " of line " +
                                        line_of(node.span.begin) + ", found " + here());
      if (here() == ',') {
        complain({at_, at_ + 1}, "a comma without a value before it");
        ++at_;
        continue;
      }
      if (open == '{') {
        member(node, depth);
      } else {
        node.items.emplace_back();
        value(node.items.back(), depth + 1);
      }
      if (!separator(node, open, close, at_)) break;
    }
    node.span.end = at_;
  }

  std::string_view text_;
  std::vector<Hidden> hidden_;
  std::size_t at_ = 0;
  Parsed out_;
};

}  // namespace

const Node* Node::find(std::string_view name) const {
  if (kind != Kind::object) return nullptr;
  for (const Node& item : items)
    if (item.key == name) return &item;
  return nullptr;
}

Parsed parse_jsonc(std::string_view text) { return Parser(text).run(); }

}  // namespace siltgate::settings
