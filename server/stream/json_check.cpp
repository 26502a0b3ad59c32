// SPDX-License-Identifier: Apache-2.0
#include "stream/json_check.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <limits>

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
  parser_->write(piece, true);
}

bool JsonCheck::finish() {
  if (!parser_->failed) parser_->write({"", 0}, false);
  return !parser_->failed && parser_->parser.done();
}

bool JsonCheck::failed() const { return parser_->failed; }
bool JsonCheck::empty() const { return parser_->empty; }

bool is_json(std::string_view text) {
  json::basic_parser<Deaf> parser{deep()};
  json::error_code error;
  return parser.write_some(false, text.data(), text.size(), error) == text.size() && !error && parser.done();
}

}  // namespace siltgate::stream
