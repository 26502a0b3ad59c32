// SPDX-License-Identifier: Apache-2.0
// The protocol of Redis (RESP2 and RESP3): commands out, answers in. Bytes in any pieces; knows no socket and no command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate::shared {

/// One answer. Maps and sets are lists; doubles, big numbers and verbatim strings are text; booleans are numbers.
struct RespValue {
  enum class Kind { null, text, number, list, push, error } kind = Kind::null;
  std::string text;             // text and error
  std::int64_t number = 0;
  std::vector<RespValue> items; // list and push

  bool is_error() const { return kind == Kind::error; }
  /// Number, or text that is one; 0 otherwise.
  std::int64_t as_number() const;
  /// The item, or a null one beyond the end.
  const RespValue& at(std::size_t index) const;
};

/// One command as an array of bulk strings.
std::string resp_command(const std::vector<std::string>& words);

class RespReader {
 public:
  static constexpr std::size_t most_bytes = 16u << 20;  // of one answer
  static constexpr std::size_t most_items = 1u << 20;   // of one answer, all levels together
  static constexpr std::size_t most_line = 64u << 10;   // of an answer without a length
  static constexpr std::size_t most_depth = 8;

  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next complete answer; nothing while bytes are missing, and for ever once malformed().
  std::optional<RespValue> next();
  /// What came is not RESP or beyond the bounds: "" or why. The connection is of no use any more.
  const std::string& malformed() const { return malformed_; }

 private:
  enum class Step { done, more, broken };
  /// A list that has begun. What it has so far is not read again when more bytes come.
  struct Open {
    RespValue list;
    std::int64_t missing = 0;
    bool attributes = false;   // of the answer that follows, not for us
  };
  Step element(Open& into);
  bool place(RespValue& value);
  Step line(std::string_view& into);
  Step number(std::int64_t& into);
  Step blob(std::string& into);
  Step several(Open& into, int per_entry);
  Step fail(const char* why);

  std::string buffer_;         // from `at_` on not read yet
  std::size_t at_ = 0;
  std::size_t read_ = 0;       // of the present answer, no longer in the buffer
  std::size_t items_ = 0;      // of the present answer
  std::vector<Open> open_;     // the outermost first
  std::string malformed_;
};

}  // namespace siltgate::shared
