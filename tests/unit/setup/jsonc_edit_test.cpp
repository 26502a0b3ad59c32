// SPDX-License-Identifier: Apache-2.0
#include "setup/jsonc_edit.hpp"

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

using namespace siltgate::setup;

namespace {

std::string put(std::string_view text, std::vector<std::string> path, const std::string& value) {
  const Edited edited = edit_jsonc(text, {{std::move(path), value}});
  CHECK(edited.complaints.empty());
  return edited.text;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("an empty file becomes an object with the member", "[setup]") {
  const std::string whole = "{\n  \"a\": {\n    \"b\": \"x\"\n  }\n}\n";
  CHECK(put("", {"a", "b"}, "\"x\"") == whole);
  CHECK(put(" \n", {"a", "b"}, "\"x\"") == whole);
  CHECK(put("{}\n", {"a", "b"}, "\"x\"") == whole);
  CHECK(put("{ }", {"a"}, "1") == "{\n  \"a\": 1\n}");
}

TEST_CASE("a value is replaced where it stands and nothing else changes", "[setup]") {
  CHECK(put("{ // c\n \"a\" : /* old */ \"x\" /* kept */, \"b\":1 }", {"a"}, "\"y\"") == "{ // c\n \"a\" : /* old */ \"y\" /* kept */, \"b\":1 }");
  CHECK(put("{\"a\":{\"b\":[1,\n2]}}", {"a", "b"}, "\"y\"") == "{\"a\":{\"b\":\"y\"}}");
}

TEST_CASE("a value that is there already is left byte for byte", "[setup]") {
  for (const std::string text : {"{\"a\":\"http:\\/\\/x\"}", "{ \"a\" : \"http://x\", }\r\n", "\xEF\xBB\xBF{\"a\":\"\\u0068ttp://x\"}"})
    CHECK(put(text, {"a"}, "\"http://x\"") == text);
}

TEST_CASE("a new member goes behind the last one and looks like its neighbours", "[setup]") {
  CHECK(put("{\n\t\"a\": 1\n}\n", {"b", "c"}, "2") == "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 2\n\t}\n}\n");
  CHECK(put("{\n    \"a\": {\n        \"x\": 1\n    }\n}", {"a", "y"}, "2") == "{\n    \"a\": {\n        \"x\": 1,\n        \"y\": 2\n    }\n}");
  CHECK(put("{ \"a\": 1 }", {"b", "c"}, "2") == "{ \"a\": 1, \"b\": { \"c\": 2 } }");
  CHECK(put("{\"a\":1}", {"b"}, "2") == "{\"a\":1, \"b\": 2}");
}

TEST_CASE("trailing commas stay trailing commas", "[setup]") {
  CHECK(put("{\n  \"a\": 1,\n}\n", {"b"}, "2") == "{\n  \"a\": 1,\n  \"b\": 2,\n}\n");
  CHECK(put("{ \"a\": 1, }", {"b"}, "2") == "{ \"a\": 1, \"b\": 2, }");
  CHECK(put("{\n  \"a\": 1 /* x */ , // y\n}\n", {"b"}, "2") == "{\n  \"a\": 1 /* x */ , // y\n  \"b\": 2,\n}\n");
}

TEST_CASE("remarks stay with what they are about", "[setup]") {
  CHECK(put("{\n  \"a\": 1 // about a\n  // about nothing\n}\n", {"b"}, "2") == "{\n  \"a\": 1, // about a\n  \"b\": 2\n  // about nothing\n}\n");
  CHECK(put("{\n  \"a\": 1 /* about a */ // and more\n}", {"b"}, "2") == "{\n  \"a\": 1, /* about a */ // and more\n  \"b\": 2\n}");
  CHECK(put("{\n  // nothing yet\n}\n", {"b"}, "2") == "{\n  // nothing yet\n  \"b\": 2\n}\n");
  CHECK(put("{ /* nothing yet */ }\n", {"b"}, "2") == "{ /* nothing yet */\n  \"b\": 2\n}\n");
  CHECK(put("{ \"a\": 1 // about a\n}", {"b"}, "2") == "{ \"a\": 1, \"b\": 2 // about a\n}");
}

TEST_CASE("line ends are those of the file", "[setup]") {
  CHECK(put("{\r\n  \"a\": 1 // x\r\n}\r\n", {"b", "c"}, "2") == "{\r\n  \"a\": 1, // x\r\n  \"b\": {\r\n    \"c\": 2\r\n  }\r\n}\r\n");
}

TEST_CASE("whatever the form, an edit can be read back, keeps every other member, and is done once", "[setup]") {
  const std::vector<std::string> forms{
      "{}", "{\"z\":1}", "{ \"z\": 1, }", "{\n\"z\": 1\n}", "{\n  \"z\": 1, // c , }\n}\n", "// head\n{\n  /* in */ \"z\": 1 /* , */\n  // tail\n}\n// end\n",
      "{\"provider\":{}, \"z\":1}", "{\n  \"provider\": {\n    \"q\": { \"options\": { \"baseURL\": \"http://old\" } }, // q\n  },\n  \"z\": 1\n}",
      "{\n  \"provider\": { // {\"\n  },\n  \"z\": 1, }", "{ \"z\": 1, \"provider\": { \"p\": { \"options\": {} } } }", "{\"z\":1,\"provider\":{\"p\":{\"options\":{\"x\":\"}//\"}}}}"};
  for (const std::string& unix_form : forms)
    for (const std::string& form : {unix_form, replaced(unix_form, "\n", "\r\n")}) {
      INFO(form);
      const std::string once = put(form, {"provider", "p", "options", "baseURL"}, "\"http://new\"");
      const auto before = nlohmann::json::parse(replaced(form, ",\n}", "\n}"), nullptr, false, true);
      const auto parsed = siltgate::settings::parse_jsonc(once);
      REQUIRE(parsed.complaints.empty());
      const auto* url = parsed.root.find("provider")->find("p")->find("options")->find("baseURL");
      CHECK(url->text == "http://new");
      if (form.find("\"z\"") != std::string::npos) CHECK(parsed.root.find("z")->text == "1");
      if (form.find("\"q\"") != std::string::npos) CHECK(parsed.root.find("provider")->find("q")->find("options")->find("baseURL")->text == "http://old");
      if (form.find("\"x\"") != std::string::npos) CHECK(parsed.root.find("provider")->find("p")->find("options")->find("x")->text == "}//");
      CHECK(put(once, {"provider", "p", "options", "baseURL"}, "\"http://new\"") == once);
      for (const std::string remark : {"// c , }", "/* , */", "// tail", "// end", "// q"})
        if (form.find(remark) != std::string::npos) CHECK(once.find(remark) != std::string::npos);
    }
}

TEST_CASE("a text that is not sound is not touched and its fault has a place", "[setup]") {
  const Edited broken = edit_jsonc("{\n  \"a\": 1\n  \"b\": 2\n}", {{{"c"}, "3"}});
  REQUIRE(broken.complaints.size() == 1);
  CHECK(broken.text == "{\n  \"a\": 1\n  \"b\": 2\n}");
  const Edited list = edit_jsonc("[]", {{{"c"}, "3"}});
  REQUIRE(list.complaints.size() == 1);
  const Edited scalar = edit_jsonc("{\"x\": 1, \"a\": 5}", {{{"x"}, "2"}, {{"a", "b"}, "3"}});
  REQUIRE(scalar.complaints.size() == 1);
  CHECK(scalar.text == "{\"x\": 1, \"a\": 5}");
  CHECK(scalar.complaints.front().span.begin == 14);
}
