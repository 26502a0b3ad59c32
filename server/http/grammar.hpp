// SPDX-License-Identifier: Apache-2.0
// The character classes and small productions of RFC 9110 and RFC 3986 that heads and bodies are checked against.
// Knows nothing of messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace siltgate::http {

/// tchar (RFC 9110, 5.6.2).
bool token_character(char c);
/// 1*tchar.
bool is_token(std::string_view text);
/// May stand in a field value: HTAB, SP, visible ASCII, obs-text (RFC 9110, 5.5).
constexpr bool value_character(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}
/// `text` without spaces and tabs at both ends.
std::string_view trim(std::string_view text);
/// 1*DIGIT below 2^63; empty on anything else.
std::optional<std::uint64_t> parse_length(std::string_view digits);
/// uri-host [ ":" port ] (RFC 3986, 3.2.2), empty allowed; no userinfo.
bool is_host_value(std::string_view text);
/// Host without port and brackets.
std::string_view host_of(std::string_view authority);
/// Takes the next element off a comma-separated list, trimmed; empty elements are skipped. False at the end.
bool next_element(std::string_view& list, std::string_view& element);
/// A byte for an error message: 'x' or 0x1f.
std::string name_byte(char c);

}  // namespace siltgate::http
