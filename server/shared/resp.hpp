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
  static constexpr int most_depth = 8;

  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next complete answer; nothing while bytes are missing, and for ever once malformed().
  std::optional<RespValue> next();
  /// What came is not RESP or beyond the bounds: "" or why. The connection is of no use any more.
  const std::string& malformed() const { return malformed_; }

 private:
  enum class Step { done, more, broken };
  Step parse(RespValue& into, int depth);
  Step line(std::string_view& into);
  Step number(std::int64_t& into);
  Step blob(std::string& into);
  Step several(RespValue& into, int per_entry, int depth);
  Step fail(const char* why);

  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t items_ = 0;
  std::string malformed_;
};

}  // namespace siltgate::shared
