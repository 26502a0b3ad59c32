// SPDX-License-Identifier: Apache-2.0
#include "stream/json_check.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>
#include <string>

namespace siltgate::stream {
namespace {

namespace json = boost::json;

/// Accepts every part: the parser itself is the check.
struct Deaf {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  using Text = json::string_view;
  using Error = json::error_code;
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t, Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_key_part(Text, std::size_t, Error&) { return true; }
  bool on_key(Text, std::size_t, Error&) { return true; }
  bool on_string_part(Text, std::size_t, Error&) { return true; }
  bool on_string(Text, std::size_t, Error&) { return true; }
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(std::int64_t, Text, Error&) { return true; }
  bool on_uint64(std::uint64_t, Text, Error&) { return true; }
  bool on_double(double, Text, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }
};

json::parse_options deep() {
  json::parse_options options;
  options.max_depth = max_json_depth;
  return options;
}

}  // namespace

struct JsonCheck::Parser {
  json::basic_parser<Deaf> parser{deep()};
  bool failed = false;
  bool empty = true;
  enum class Escape : std::uint8_t { none, begun, unicode } escape = Escape::none;  // at the end of what was written

  /// The parser wants surrogates in pairs. Nobody looks at the text: all of them become U+E800 to U+EFFF.
  void write_text(std::string_view piece) {
    std::string changed;
    std::size_t at = escape == Escape::none ? piece.find('\\') : 0;
    for (; at < piece.size(); ++at) {
      const char c = piece[at];
      if (escape == Escape::unicode && (c == 'd' || c == 'D')) {
        if (changed.empty()) changed = piece;
        changed[at] = 'E';
      }
      if (escape == Escape::begun) escape = c == 'u' ? Escape::unicode : Escape::none;
      else escape = escape == Escape::none && c == '\\' ? Escape::begun : Escape::none;
    }
    write(changed.empty() ? piece : std::string_view(changed), true);
  }

  void write(std::string_view piece, bool more) {
    json::error_code error;
    if (parser.write_some(more, piece.data(), piece.size(), error) < piece.size() || error) failed = true;
  }
};

JsonCheck::JsonCheck() : parser_(std::make_unique<Parser>()) {}
JsonCheck::~JsonCheck() = default;
JsonCheck::JsonCheck(JsonCheck&&) noexcept = default;
JsonCheck& JsonCheck::operator=(JsonCheck&&) noexcept = default;

void JsonCheck::write(std::string_view piece) {
  if (parser_->failed || piece.empty()) return;
  if (piece.find_first_not_of(" \t\r\n") != std::string_view::npos) parser_->empty = false;
  parser_->write_text(piece);
}

bool JsonCheck::finish() {
  if (!parser_->failed) parser_->write({"", 0}, false);
  return !parser_->failed && parser_->parser.done();
}

bool JsonCheck::failed() const { return parser_->failed; }
bool JsonCheck::empty() const { return parser_->empty; }

bool is_json(std::string_view text) {
  JsonCheck check;
  check.write(text);
  return check.finish();
}

}  // namespace siltgate::stream
