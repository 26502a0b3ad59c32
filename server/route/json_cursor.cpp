// SPDX-License-Identifier: Apache-2.0
#include "route/json_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "route/json_skip.hpp"

namespace siltgate::route {
namespace {

bool space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

void append_utf8(std::string& out, std::uint32_t code) {
  auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// XXXX of \uXXXX at `at`; 0x110000 when it is none.
std::uint32_t hex4(std::string_view raw, std::size_t at) {
  std::uint32_t code = 0;
  if (at + 4 > raw.size()) return 0x110000;
  auto [end, error] = std::from_chars(raw.data() + at, raw.data() + at + 4, code, 16);
  return error == std::errc{} && end == raw.data() + at + 4 ? code : 0x110000;
}

/// Decodes the \u escape whose digits start at `at`, a surrogate pair as one; returns how many bytes of `raw` it took.
std::size_t append_unicode(std::string& out, std::string_view raw, std::size_t at) {
  auto code = hex4(raw, at);
  std::size_t used = 4;
  if (code >= 0xd800 && code < 0xdc00 && raw.substr(at + 4, 2) == "\\u") {
    auto low = hex4(raw, at + 6);
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
      used = 10;
    }
  }
  if (code > 0x10ffff) used = 0;
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
  append_utf8(out, code);
  return used;
}

}  // namespace

void JsonCursor::skip_space() {
  while (at_ < text_.size() && space(text_[at_])) ++at_;
}

bool JsonCursor::take(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

/// From behind the opening quote to behind the closing one.
bool JsonCursor::skip_string() {
  const std::size_t end = string_end(text_, at_, at_);
  at_ = std::min(end, text_.size());
  return end != text_.npos;
}

bool JsonCursor::skip_container() {
  const std::size_t end = ContainerScan().end(text_, at_ + 1);
  at_ = std::min(end, text_.size());
  return end != text_.npos;
}

std::optional<std::string_view> JsonCursor::take_string() {
  if (!take('"')) return {};
  const std::size_t begin = at_;
  if (!skip_string()) return {};
  return text_.substr(begin, at_ - begin - 1);
}

std::optional<std::string_view> JsonCursor::take_value() {
  skip_space();
  if (at_ >= text_.size()) return {};
  const std::size_t begin = at_;
  const char c = text_[at_];
  if (c == '"') {
    ++at_;
    if (!skip_string()) return {};
  } else if (c == '{' || c == '[') {
    if (!skip_container()) return {};
  } else {
    at_ = text_.find_first_of(",]} \t\r\n", at_);
    if (at_ == text_.npos) at_ = text_.size();
    if (at_ == text_.size() || at_ == begin) return {};  // a number or word may go on behind the cut
  }
  return text_.substr(begin, at_ - begin);
}

std::string unescape(std::string_view raw, std::size_t bound) {
  static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
  std::string out;
  for (std::size_t i = 0; i < raw.size() && out.size() < bound; ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      out += raw[i];
    } else if (raw[++i] == 'u') {
      i += append_unicode(out, raw, i + 1);
    } else {
      auto known = from.find(raw[i]);
      out += known == from.npos ? raw[i] : to[known];
    }
  }
  if (out.size() > bound) out.resize(bound);
  return out;
}

}  // namespace siltgate::route
