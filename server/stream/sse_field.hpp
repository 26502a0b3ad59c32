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

/// True for an unknown field such as "dadata: {…": a field that begins behind a cut-off name, as a response pasted into the middle of
/// it leaves it. By its name alone "edata" or "rid" may be somebody's own: the value must be one that the second name would carry. An
/// id may be anything and says nothing.
bool is_joined_field(std::string_view name, std::string_view value);

/// True for the value of a data field that begins a payload of a stream.
bool begins_payload(std::string_view value);
/// The same for what stands behind "data:", where a blank may come first.
bool payload_follows(std::string_view rest);

/// True for the name of an event in which another field begins, as a response pasted into its middle leaves it. Names may hold colons.
bool is_joined_event(std::string_view name);

}  // namespace siltgate::stream
