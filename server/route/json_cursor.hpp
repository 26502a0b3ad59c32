// SPDX-License-Identifier: Apache-2.0
// Walks over JSON text value by value without understanding it. Does not validate.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace siltgate::route {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  void skip_space();
  /// What is left.
  std::string_view rest() const { return text_.substr(at_); }
  /// Takes this character if it is next (after white space).
  bool take(char c);
  /// The raw inside of the string that is next, without quotes; empty optional when there is none or it is cut off.
  std::optional<std::string_view> take_string();
  /// The raw text of the value that is next: a string with its quotes, a container, a number or a word. Empty optional when
  /// it is cut off. Whether brackets match in kind is not checked.
  std::optional<std::string_view> take_value();

 private:
  bool skip_string();
  bool skip_container();

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The inside of a raw string without its escapes, at most `bound` bytes; unpaired surrogates become U+FFFD.
std::string unescape(std::string_view raw, std::size_t bound);

}  // namespace siltgate::route
