// SPDX-License-Identifier: Apache-2.0
#include "http/grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace siltgate::http {
namespace {

constexpr bool letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// unreserved / pct-encoded / sub-delims.
bool is_reg_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !hex_digit(text[i + 1]) || !hex_digit(text[i + 2])) return false;
      i += 2;
    } else if (!letter_or_digit(text[i]) && std::string_view("-._~!$&'()*+,;=").find(text[i]) == text.npos) {
      return false;
    }
  }
  return true;
}

bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() > 6) return false;
  text.remove_prefix(1);
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool token_character(char c) {
  static constexpr auto table = [] {
    std::array<bool, 256> marks{};
    for (int i = 0; i < 128; ++i) marks[static_cast<std::size_t>(i)] = letter_or_digit(static_cast<char>(i));
    for (char mark : std::string_view("!#$%&'*+-.^_`|~")) marks[static_cast<unsigned char>(mark)] = true;
    return marks;
  }();
  return table[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), token_character);
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> parse_length(std::string_view digits) {
  constexpr std::uint64_t bound = 1ull << 63;
  std::uint64_t value = 0;
  if (digits.empty()) return {};
  for (char c : digits) {
    if (c < '0' || c > '9') return {};
    auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (bound - 1 - digit) / 10) return {};
    value = value * 10 + digit;
  }
  return value;
}

bool is_host_value(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    auto close = text.find(']');
    if (close == text.npos || close < 3) return false;
    auto inside = text.substr(1, close - 1);
    return std::all_of(inside.begin(), inside.end(), [](char c) { return hex_digit(c) || c == ':' || c == '.'; }) &&
           is_port(text.substr(close + 1));
  }
  auto colon = text.find(':');
  return is_reg_name(text.substr(0, colon)) && (colon == text.npos || is_port(text.substr(colon)));
}

std::string_view host_of(std::string_view authority) {
  if (!authority.empty() && authority.front() == '[') return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

bool next_element(std::string_view& list, std::string_view& element) {
  while (!list.empty()) {
    auto comma = list.find(',');
    element = trim(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    if (!element.empty()) return true;
  }
  return false;
}

std::string name_byte(char c) {
  auto byte = static_cast<unsigned char>(c);
  if (byte > 0x20 && byte < 0x7f) return fmt::format("'{}'", c);
  return fmt::format("byte 0x{:02X}", byte);
}

}  // namespace siltgate::http
