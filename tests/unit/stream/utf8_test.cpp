// SPDX-License-Identifier: Apache-2.0
#include "stream/utf8.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/catch.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

/// Each fault replaced by one U+FFFD, reading in pieces of `size`.
std::string repaired(std::string_view text, std::size_t size) {
  std::string out;
  Utf8Gate gate;
  for (std::size_t at = 0; at < text.size(); at += size) {
    const std::string read(text.substr(at, size));
    gate.begin(read);
    for (auto run = gate.next(); !run.bytes.empty(); run = gate.next())
      out += run.fault ? std::string("\xEF\xBF\xBD") : std::string(run.bytes);
    CHECK(gate.open().size() <= 3);
  }
  return gate.open().empty() ? out : out + "\xEF\xBF\xBD";
}

void check_case(const std::string& input, bool valid, const std::string& expected) {
  CHECK(is_utf8(input) == valid);
  for (std::size_t size = 1; size <= input.size() + 1; ++size) CHECK(repaired(input, size) == expected);
  // Long runs before and behind take the fast paths.
  const std::string pad = std::string(45, 'a') + "\xE4\xB8\xAD\xE6\x96\x87";
  CHECK(repaired(pad + input + pad, 1000) == pad + expected + pad);
}

}  // namespace

TEST_CASE("ill-formed UTF-8 is found and replaced by maximal subparts at every cut", "[stream]") {
  check_case("abc", true, "abc");
  check_case("\xE4\xBD\xA0\xF0\x9F\x98\x80", true, "\xE4\xBD\xA0\xF0\x9F\x98\x80");
  check_case("a\xE4\xBD", false, "a\xEF\xBF\xBD");
  check_case("\xED\xA0\x80", false, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  check_case("\xF1\x80\x80\xE1\x80\xC2z", false, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
  check_case("\xC0\x80", false, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("the UTF-8 cases of the reference corpus hold at every cut", "[stream]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  std::istringstream lines(slurp(*corpus() + "/utf8/cases.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto row = nlohmann::json::parse(line);
    INFO(row["id"]);
    check_case(hex(row["input_hex"].get<std::string>()), row["valid"], hex(row["expected_replace_hex"].get<std::string>()));
  }
  CHECK(count > 100);
}

TEST_CASE("a fault says whether a read ended inside it or before it", "[stream]") {
  Utf8Gate gate;
  gate.begin("ab\xE4");
  CHECK(gate.next().bytes == "ab");
  CHECK(gate.next().bytes.empty());
  gate.begin("x");
  const auto torn = gate.next();
  CHECK(torn.fault);
  CHECK(torn.began_earlier);
  CHECK(torn.touches_read_edge);
  CHECK(torn.bytes == "\xE4");
  CHECK(gate.next().bytes == "x");
  gate.begin("a\xFFz");
  CHECK(gate.next().bytes == "a");
  const auto inner = gate.next();
  CHECK(inner.fault);
  CHECK_FALSE(inner.touches_read_edge);
  CHECK(inner.at == 1);
}

TEST_CASE("the description of a fault names the bytes and what is wrong", "[stream]") {
  CHECK(describe_utf8_fault("\x9F") == "continuation byte 9F without a lead byte");
  CHECK(describe_utf8_fault("\xFF") == "byte FF never occurs in UTF-8");
  CHECK(describe_utf8_fault("\xE4\xBD") == "sequence E4 BD is not followed by the continuation byte it needs");
}
