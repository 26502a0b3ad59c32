// SPDX-License-Identifier: Apache-2.0
// The text of one file: from offsets to line and column, and the excerpt with a caret that an error shows. Secrets are
// blotted out of both. Knows no grammar and no files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/jsonc.hpp"

namespace siltgate::settings {

/// Both from 1; the column counts characters (code points), not bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// One thing to tell the user.
struct Diagnostic {
  std::string where;     // "file:line:col", "--listen", "SILTGATE_LISTEN", or "" when it stands nowhere
  std::string message;   // one sentence, no secret in it
  std::string excerpt;   // the line and a caret line, or ""

  /// "where: message" and the excerpt below, ending in a line feed.
  std::string text() const;
};

class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  Position position(std::size_t offset) const;
  std::string where(std::size_t offset) const;   // "file:line:col"
  /// These bytes never show, in an excerpt or in a message.
  void hide(Span span);
  Diagnostic diagnose(const Complaint& complaint) const;

 private:
  std::string excerpt(Span span) const;
  std::vector<std::string> secrets_near(Span span) const;

  std::string name_;
  std::string text_;
  std::vector<Span> hidden_, secret_;   // not for excerpts; not for messages either
};

/// Offset of the first byte that is not well-formed UTF-8 (Unicode table 3-7), or npos.
std::size_t first_invalid_utf8(std::string_view text);
/// The whole character at `offset`, or "the end of the file".
std::string_view character_at(std::string_view text, std::size_t offset);

}  // namespace siltgate::settings
