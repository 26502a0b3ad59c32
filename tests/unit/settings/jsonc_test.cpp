// SPDX-License-Identifier: Apache-2.0
#include "settings/jsonc.hpp"

#include "settings/source.hpp"
#include "settings/suggest.hpp"
#include "support/catch.hpp"

using namespace siltgate::settings;

namespace {

/// "line:col message" of the first complaint, or "".
std::string first_fault(const std::string& text) {
  const auto parsed = parse_jsonc(text);
  if (parsed.complaints.empty()) return "";
  const auto p = Source("f", text).position(parsed.complaints.front().span.begin);
  return std::to_string(p.line) + ":" + std::to_string(p.column) + " " + parsed.complaints.front().message;
}

}  // namespace

TEST_CASE("comments and trailing commas are read and offsets point at the source", "[settings]") {
  const std::string text = "\xEF\xBB\xBF// head\r\n{ /* a */ \"a\": [1, -2.5e3,], \"b\": \"x\\u00e9\\n\\ud83d\\ude00\", // end\n \"c\": {\"d\": true, \"e\": null,}, }\n// tail";
  const auto parsed = parse_jsonc(text);
  REQUIRE(parsed.complaints.empty());
  REQUIRE(parsed.complete);
  REQUIRE(parsed.root.items.size() == 3);
  const Node& a = *parsed.root.find("a");
  CHECK(text.substr(a.span.begin, a.span.end - a.span.begin) == "[1, -2.5e3,]");
  CHECK(text.substr(a.key_span.begin, a.key_span.end - a.key_span.begin) == "\"a\"");
  CHECK(a.items[1].text == "-2.5e3");
  CHECK(parsed.root.find("b")->text == "x\xC3\xA9\n\xF0\x9F\x98\x80");
  CHECK(parsed.root.find("c")->find("d")->kind == Kind::boolean);
  CHECK(parsed.root.find("nothing") == nullptr);
}

TEST_CASE("a file that ends behind a key gets a place inside the file, and one word for one mistake", "[settings]") {
  const std::string text = "{\n\"listen\"";
  const auto parsed = parse_jsonc(text);
  REQUIRE(parsed.complaints.size() == 2);
  for (const auto& complaint : parsed.complaints) CHECK(complaint.span.end <= text.size());
  CHECK(parsed.complaints[0].message == "this { is never closed");
  CHECK(parsed.complaints[1].message == "expected : and a value after the key \"listen\"");
}

TEST_CASE("columns count characters, not bytes", "[settings]") {
  CHECK(first_fault("{\"é€😀\": tru}").substr(0, 4) == "1:9 ");
}

TEST_CASE("a fault in the grammar is found where it stands", "[settings]") {
  struct Case {
    std::string text, fault;
  };
  const std::vector<Case> cases{
      {"", "1:1 expected {, found the end of the file"},
      {"{\"a\" 1}", "1:5 expected : and a value after the key \"a\""},
      {"{\"a\": 1 \"b\": 2}", "1:8 a comma is missing here"},
      {"{\"a\": 1,, \"b\": 2}", "1:9 a comma without a value before it"},
      {"{\"a\": }", "1:7 the key \"a\" has no value"},
      {"{\"a\" = 1}", "1:6 expected : between key and value, found ="},
      {"{a: 1}", "1:2 keys need double quotes: write \"a\""},
      {"{'a': 1}", "1:2 strings take double quotes (\"), not single ones"},
      {"{\"a\": yes}", "1:7 unknown word yes; did you mean \"yes\"?"},
      {"{\"a\": True}", "1:7 unknown word True; did you mean true?"},
      {"{\"a\": 30s}", "1:7 30s is not a JSON number; a duration or size is a string: write \"30s\""},
      {"{\"a\": 01}", "1:7 01 is not a JSON number"},
      {"{\"a\": 1.}", "1:7 1. is not a JSON number"},
      {"{\n  \"a\": 1,\n  \"a\": 2\n}", "3:3 duplicate key \"a\"; it was first given at line 2"},
      {"{\n\"a\": \"x\n}", "2:6 this string is not closed before the end of the line"},
      {"{\"a\": \"\\q\"}", "1:8 unknown escape in a string; a backslash itself is written \\\\"},
      {"{\"a\": \"\\ud800\"}", "1:8 unknown escape in a string; a backslash itself is written \\\\"},
      {"{\"a\": \"\t\"}", "1:8 a tab inside a string is written \\t"},
      {"{\"a\": [1}", "1:9 expected ] to close the [ of line 1, found }"},
      {"{\"a\": 1", "1:1 this { is never closed"},
      {"{} {}", "1:4 text after the end of the configuration"},
      {"# x\n{}", "1:1 comments begin with //, not #"},
      {"{} /* x", "1:4 this comment is never closed: */ is missing"},
      {"{\"a\": 1; \"b\": 2}", "1:8 expected , or } (the { of line 1 is open), found ;"},
      {"{\"a\": \"\xFF\"}", "1:8 this byte is not UTF-8; save the file as UTF-8"},
      {"{\"a\": €}", "1:7 expected a value, found €"},
  };
  for (const Case& one : cases) CHECK(first_fault(one.text) == one.fault);
}

TEST_CASE("nesting is bounded", "[settings]") {
  CHECK(first_fault(std::string(32, '[') + std::string(32, ']')).empty());
  CHECK(first_fault(std::string(33, '[') + std::string(33, ']')) == "1:33 nested more than 32 levels deep");
  CHECK_FALSE(parse_jsonc(std::string(100'000, '[')).complete);
}

TEST_CASE("one run reports several faults of the grammar", "[settings]") {
  const auto parsed = parse_jsonc("{a: 1 \"b\": yes, \"c\": 'x', \"c\": 01}");
  CHECK(parsed.complaints.size() == 6);
  CHECK(parsed.complete);
}

TEST_CASE("a text cut anywhere is refused or complete, and never read past its end", "[settings]") {
  const std::string text = "{ \"a\": [1, \"\\u00e9\", {\"b\": null}], /* c */ \"d\": -1.5e+3 } // e";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const auto parsed = parse_jsonc(std::string(text.data(), cut));
    const bool closed = cut > text.find("} //");
    CHECK((parsed.complaints.empty()) == (closed && cut != text.find("//") + 1));
  }
}

TEST_CASE("an excerpt has its caret below the fault and no secret in it", "[settings]") {
  Source source("f.jsonc", "{\n\t\"ключ\": 12,\n \"value\": \"abc\", \"proxy\": \"http://u:pw@h\", \"x\": \"sk0123456789abcdefghij\"\n}");
  const auto text = std::string(source.text());
  CHECK(source.diagnose({{text.find("12"), text.find("12") + 2}, "wrong"}).text() ==
        "f.jsonc:2:10: wrong\n 2 |  \"ключ\": 12,\n   |          ^~\n");
  const auto shown = source.diagnose({{text.find("\"x\""), text.find("\"x\"") + 3}, "odd"}).excerpt;
  CHECK(shown.find("\"value\": \"***\", \"proxy\": \"http://****@h\", \"x\": \"**********************\"") != std::string::npos);
  source.hide({text.find("12"), text.find("12") + 2});
  CHECK(source.diagnose({{text.find("12"), text.find("12")}, "wrong"}).excerpt.find("12") == std::string::npos);
}

TEST_CASE("long lines are shown around the fault", "[settings]") {
  const std::string text = "{" + std::string(500, ' ') + "x";
  const auto shown = Source("f", text).diagnose({{501, 502}, "odd"}).excerpt;
  CHECK(shown.size() < 250);
  CHECK(shown.find('x') - shown.find("| ") == shown.find('^') - shown.rfind("| "));
}

TEST_CASE("the nearest word is what was meant, or none", "[settings]") {
  CHECK(edit_distance("connect", "conect") == 1);
  CHECK(edit_distance("idle", "idel") == 1);
  CHECK(nearest("baseURL", {"format", "base_url"}) == "base_url");
  CHECK(nearest("xyzzy", {"format", "base_url"}).empty());
  CHECK(quoted_list({"a", "b", "c"}, " or ") == "\"a\", \"b\" or \"c\"");
}
