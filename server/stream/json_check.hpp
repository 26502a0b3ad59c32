// SPDX-License-Identifier: Apache-2.0
// Is this text exactly one JSON value (RFC 8259)? The text may come in pieces. Keeps nothing of it. Lone halves of surrogate pairs are
// JSON (section 8.2).
#pragma once

#include <memory>
#include <string_view>

namespace siltgate::stream {

/// Deepest nesting that is accepted; the parser recurses.
inline constexpr std::size_t max_json_depth = 500;

class JsonCheck {
 public:
  JsonCheck();
  ~JsonCheck();
  JsonCheck(JsonCheck&&) noexcept;
  JsonCheck& operator=(JsonCheck&&) noexcept;

  /// The next piece, which may end anywhere. Does nothing once the text is known to be wrong.
  void write(std::string_view piece);
  /// No more pieces. True when they made one value. Call once.
  bool finish();
  bool failed() const;
  bool empty() const;  // nothing but white space so far

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

/// Strict: also refuses ill-formed UTF-8, a byte order mark and anything behind the value.
bool is_json(std::string_view text);

}  // namespace siltgate::stream
