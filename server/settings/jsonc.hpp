// SPDX-License-Identifier: Apache-2.0
// Strict JSON with comments and trailing commas, read into a tree that remembers where everything stood, so that
// faults can be pointed at and a file can be edited in place. Knows no settings, no files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace siltgate::settings {

/// Byte offsets [begin, end) into the text that was parsed.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

enum class Kind { object, array, string, number, boolean, null, broken };

struct Node {
  Kind kind = Kind::broken;   // broken: something was wrong here, and a complaint says what
  Span span;                  // the value, quotes and brackets included
  std::string key;            // member of an object: its decoded key
  Span key_span;              // quotes included
  std::string text;           // string: decoded; number, boolean, null: as written
  std::vector<Node> items;    // members of an object or elements of an array, in file order

  /// The member called `name`, or null.
  const Node* find(std::string_view name) const;
};

/// A fault and where it stands.
struct Complaint {
  Span span;
  std::string message;
};

struct Parsed {
  Node root;
  bool complete = true;                // false: the rest of the text was not looked at
  std::vector<Complaint> complaints;   // in order of position
};

/// RFC 8259 plus `//` and `/* */` comments, one trailing comma, and a leading byte order mark. Duplicate keys are faults
/// (the first one is kept); at most 32 levels deep. Goes on after faults whose repair is obvious, so that one run
/// reports most of them.
Parsed parse_jsonc(std::string_view text);

}  // namespace siltgate::settings
