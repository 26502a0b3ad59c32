// SPDX-License-Identifier: Apache-2.0
// The lines of one complete server-sent event, and the field each of them sets. Knows no JSON.
#pragma once

#include <cstddef>
#include <string_view>

namespace siltgate::stream {

enum class FieldKind {
  blank,    // the end of the event
  comment,  // starts with a colon
  data,
  event,
  id,
  retry,
  error,    // not of the standard: some servers report a failure this way
  unknown,  // any other token: readers ignore it
  debris,   // the name is no token: what a cut or a splice leaves
};

struct Field {
  FieldKind kind = FieldKind::blank;
  std::string_view name;
  std::string_view value;  // one leading space removed
  std::size_t at = 0;      // position of the line in the event
};

/// Walks the lines of an event; LF, CRLF and CR end them, the last one may lack its end.
class FieldReader {
 public:
  explicit FieldReader(std::string_view event) : event_(event) {}
  /// False when no line is left.
  bool next(Field& field);

 private:
  std::string_view event_;
  std::size_t at_ = 0;
};

/// True for an unknown name such as "dadata": a field name that begins behind a cut-off one, as a response pasted into
/// the middle of a name leaves it.
bool is_joined_name(std::string_view name);

}  // namespace siltgate::stream
