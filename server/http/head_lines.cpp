// SPDX-License-Identifier: Apache-2.0
#include "http/head_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "http/grammar.hpp"

namespace siltgate::http {
namespace {

/// Field names as they may stand in an error message.
std::string shown(std::string_view name) {
  std::string out(name.substr(0, 40));
  for (char& c : out)
    if (!token_character(c)) c = '?';
  return out;
}

Result<void> add_field_line(std::string_view line, int number, Fields& fields) {
  if (line.front() == ' ' || line.front() == '\t')
    return malformed(fmt::format("line {} of the head starts with white space (obsolete line folding); put the field on "
                                 "one line", number));
  auto colon = line.find(':');
  if (colon == line.npos)
    return malformed(fmt::format("line {} of the head has no colon; write `name: value`", number));
  auto name = line.substr(0, colon);
  if (!name.empty() && (name.back() == ' ' || name.back() == '\t'))
    return malformed(fmt::format("line {} of the head has white space before the colon of {}; remove it", number,
                                 shown(trim(name))));
  if (!is_token(name))
    return malformed(fmt::format("line {} of the head: \"{}\" is not a field name; use letters, digits and hyphens",
                                 number, shown(name)));
  auto value = trim(line.substr(colon + 1));
  auto odd = std::find_if_not(value.begin(), value.end(), value_character);
  if (odd != value.end())
    return malformed(fmt::format("field {} on line {} holds {}; send no control characters", shown(name), number,
                                 name_byte(*odd)));
  fields.add(name, value);
  return {};
}

}  // namespace

Failure malformed(std::string detail) {
  Failure failure;
  failure.phase = Phase::read_request;
  failure.party = Party::client;
  failure.cause = Cause::bad_request;
  failure.detail = std::move(detail);
  return failure;
}

Result<std::string_view> take_first_line(std::string_view& head) {
  auto end = head.find("\r\n");
  if (end == head.npos) return malformed("the first line of the head does not end in CR LF");
  auto line = head.substr(0, end);
  if (auto odd = std::find_if_not(line.begin(), line.end(), value_character); odd != line.end())
    return malformed(fmt::format("line 1 of the head holds {}; send visible characters only", name_byte(*odd)));
  head.remove_prefix(end + 2);
  return line;
}

Result<Fields> parse_field_lines(std::string_view lines, const Limits& limits) {
  Fields fields;
  for (int number = 2;; ++number) {
    auto end = lines.find("\r\n");
    if (end == lines.npos) return malformed("the head does not end in an empty line");
    auto line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (line.empty()) break;
    if (fields.size() >= static_cast<std::size_t>(limits.fields)) {
      auto failure = malformed(fmt::format("the head has more than {} fields; send fewer", limits.fields));
      failure.cause = Cause::head_too_large;
      return failure;
    }
    auto added = add_field_line(line, number, fields);
    if (!added) return added.error();
  }
  if (!lines.empty()) return malformed("bytes follow the empty line of the head");
  return fields;
}

// 1. Transfer-Encoding together with Content-Length is refused, not ranked: two parsers might disagree.
// 2. Transfer-Encoding: exactly one field with the one word `chunked`, on HTTP/1.1 only.
// 3. Content-Length: exactly one field of digits below 2^63.
Result<BodyFraming> parse_framing(const Fields& fields, int minor_version) {
  BodyFraming framing;
  const int codings = fields.count("Transfer-Encoding");
  const int lengths = fields.count("Content-Length");
  if (codings > 0 && lengths > 0)  // 1
    return malformed("both Transfer-Encoding and Content-Length are given; send only one of them");
  if (codings > 0) {  // 2
    if (minor_version == 0) return malformed("Transfer-Encoding is given on HTTP/1.0; use HTTP/1.1");
    if (codings > 1 || !same_name(*fields.find("Transfer-Encoding"), "chunked"))
      return malformed("Transfer-Encoding is not exactly `chunked`; send no other transfer coding");
    framing.kind = BodyFraming::Kind::chunked;
  }
  if (lengths > 0) {  // 3
    if (lengths > 1) return malformed("Content-Length is given more than once; send it once");
    auto length = parse_length(*fields.find("Content-Length"));
    if (!length) return malformed("Content-Length is not a plain decimal number; send digits only");
    framing.kind = BodyFraming::Kind::length;
    framing.length = *length;
  }
  return framing;
}

bool lists(const Fields& fields, std::string_view name, std::string_view element) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!same_name(fields[i].name, name)) continue;
    std::string_view list = fields[i].value, found;
    while (next_element(list, found))
      if (same_name(found, element)) return true;
  }
  return false;
}

}  // namespace siltgate::http
