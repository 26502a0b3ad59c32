// SPDX-License-Identifier: Apache-2.0
// The ends of containers, 64 bytes at a time, against a walk byte by byte.
#include "route/json_skip.hpp"

#include <random>
#include <string>

#include "support/catch.hpp"

using namespace siltgate::route;

namespace {

std::size_t end_byte_by_byte(std::string_view text) {
  std::size_t depth = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      const std::size_t end = string_end(text, at + 1, at + 1);
      if (end == text.npos) return end;
      at = end - 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at + 1;
    }
  }
  return text.npos;
}

}  // namespace

TEST_CASE("a container ends where a walk byte by byte ends, whatever stands where", "[route]") {
  std::mt19937 random(3);
  const std::string letters[] = {"\"\\{}[] x", "\"\\xxxxxxx", "{}[]\"xxx", "\\\\\\\"x{"};
  for (int i = 0; i < 20'000; ++i) {
    const std::string& from = letters[random() % 4];
    std::string text(random() % 300, '\0');
    for (char& c : text) c = random() % 3 ? from[random() % from.size()] : 'x';
    if (random() % 2) text.insert(0, std::string(random() % 10, '['));
    const std::size_t expected = end_byte_by_byte(text);
    if (ContainerScan().end(text, 0) != expected) FAIL(text);
    ContainerScan in_pieces;
    std::size_t found = text.npos;
    for (std::size_t read = 0, next = 0; read < text.size() && found == text.npos; read = next) {
      next = std::min<std::size_t>(text.size(), read + 1 + random() % 150);
      found = in_pieces.end(std::string_view(text).substr(0, next), read);
    }
    if (found != expected) FAIL("in pieces: " << text);
  }
}

TEST_CASE("an escaped quote does not end a string, a quote behind an escaped backslash does", "[route]") {
  CHECK(string_end(R"(a\"b" c)", 0, 0) == 5);
  CHECK(string_end(R"(a\\" c")", 0, 0) == 4);
  CHECK(string_end(R"(a\\\" c)", 0, 0) == std::string_view::npos);
  CHECK(string_end(R"(\\")", 1, 1) == std::string_view::npos);  // the first backslash is before the string
}
