// SPDX-License-Identifier: Apache-2.0
#include "setup/line_edit.hpp"

#include "setup/diff.hpp"
#include "support/catch.hpp"

using namespace siltgate::setup;

namespace {

const std::vector<TomlChange> codex{{"", "model_provider", "\"siltgate\""}, {"model_providers.siltgate", "base_url", "\"http://x/v1\""}};

std::string toml(std::string_view text, const std::vector<TomlChange>& changes = codex) {
  const Edited edited = edit_toml(text, changes);
  CHECK(edited.complaints.empty());
  return edited.text;
}

std::string yaml(std::string_view text) {
  const Edited edited = edit_yaml(text, {{"openai-api-base", "http://x/v1"}});
  CHECK(edited.complaints.empty());
  return edited.text;
}

}  // namespace

TEST_CASE("a TOML value is replaced where it stands, its remark stays", "[setup]") {
  CHECK(toml("model_provider = \"openai\"   # mine\n[model_providers.siltgate]\nbase_url = 'old' # too\nwire_api = \"chat\"\n[other]\nbase_url = \"theirs\"\n") ==
        "model_provider = \"siltgate\"   # mine\n[model_providers.siltgate]\nbase_url = \"http://x/v1\" # too\nwire_api = \"chat\"\n[other]\nbase_url = \"theirs\"\n");
}

TEST_CASE("a new top-level TOML key stands above the first table, a new table at the end", "[setup]") {
  CHECK(toml("") == "model_provider = \"siltgate\"\n\n[model_providers.siltgate]\nbase_url = \"http://x/v1\"\n");
  CHECK(toml("# mine\n[mcp]\na = 1") == "# mine\nmodel_provider = \"siltgate\"\n\n[mcp]\na = 1\n\n[model_providers.siltgate]\nbase_url = \"http://x/v1\"\n");
  CHECK(toml("model = \"m\" # best\n[mcp]\n") == "model = \"m\" # best\nmodel_provider = \"siltgate\"\n[mcp]\n\n[model_providers.siltgate]\nbase_url = \"http://x/v1\"\n");
  CHECK(toml("[model_providers.siltgate]\r\nname = \"s\"\r\n", {codex[1]}) == "[model_providers.siltgate]\r\nname = \"s\"\r\nbase_url = \"http://x/v1\"\r\n");
}

TEST_CASE("TOML strings and lists are not taken for structure, and a second edit changes nothing", "[setup]") {
  const std::string text = "a = \"\"\"\n[not.a.table]\nmodel_provider = \"no\"\n\"\"\"\nb = [\n  \"# no\", # yes\n  \"]\",\n]\nc = '\\'\n[t]\nmodel_provider = \"theirs\"\n";
  const std::string once = toml(text);
  CHECK(once.find("a = \"\"\"\n[not.a.table]\nmodel_provider = \"no\"\n\"\"\"\n") == 0);
  CHECK(once.find("c = '\\'\nmodel_provider = \"siltgate\"\n[t]\nmodel_provider = \"theirs\"\n") != std::string::npos);
  CHECK(toml(once) == once);
}

TEST_CASE("a TOML text that is not understood is refused with its place", "[setup]") {
  for (const std::string text : {"a = \"x\n", "a = [1,\n", "[t\n", "nonsense\n", "model_providers = { siltgate = {} }\n", "[model_providers]\nsiltgate = { name = \"x\" }\n", "model_providers.siltgate.name = \"x\"\n"}) {
    INFO(text);
    const Edited edited = edit_toml(text, codex);
    CHECK(edited.complaints.size() == 1);
    CHECK(edited.text == text);
  }
}

TEST_CASE("a YAML value is replaced or added at the top level", "[setup]") {
  CHECK(yaml("") == "openai-api-base: http://x/v1\n");
  CHECK(yaml("model: m # best") == "model: m # best\nopenai-api-base: http://x/v1\n");
  CHECK(yaml("openai-api-base: old # mine\nmodel: m\n") == "openai-api-base: http://x/v1 # mine\nmodel: m\n");
  CHECK(yaml("'openai-api-base' : \"o # ld\"\r\n") == "'openai-api-base' : http://x/v1\r\n");
  CHECK(yaml("openai-api-base:\nx: 1\n") == "openai-api-base: http://x/v1\nx: 1\n");
  CHECK(yaml("# openai-api-base: no\nsub:\n  openai-api-base: theirs\n") == "# openai-api-base: no\nsub:\n  openai-api-base: theirs\nopenai-api-base: http://x/v1\n");
  CHECK(yaml("---\na: |\n  openai-api-base: no\n") == "---\na: |\n  openai-api-base: no\nopenai-api-base: http://x/v1\n");
  CHECK(yaml(yaml("a: 1\n")) == yaml("a: 1\n"));
}

TEST_CASE("a YAML text of another form is refused", "[setup]") {
  for (const std::string text : {"{a: 1}\n", "- a\n", "a: 1\n---\nb: 1\n", "a: 1\n...\n", "  a: 1\n", "openai-api-base: >\n  http://x\n"}) {
    INFO(text);
    const Edited edited = edit_yaml(text, {{"openai-api-base", "y"}});
    CHECK(edited.complaints.size() == 1);
    CHECK(edited.text == text);
  }
}

TEST_CASE("a diff shows what changed with three lines around it", "[setup]") {
  CHECK(unified_diff("a\n", "a\n", "f").empty());
  CHECK(unified_diff("", "a\n", "f") == "--- f\n+++ f (with siltgate)\n@@ -0,0 +1,1 @@\n+a\n");
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n", "f") == "--- f\n+++ f (with siltgate)\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n");
  CHECK(unified_diff("a", "b", "f") == "--- f\n+++ f (with siltgate)\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n");
  std::string many;
  for (int i = 0; i < 40; ++i) many += std::to_string(i) + "\n";
  const std::string diff = unified_diff(many, "x\n" + many + "y\n", "f");
  CHECK(diff.find("@@ -1,3 +1,4 @@\n+x\n") != std::string::npos);
  CHECK(diff.find("@@ -38,3 +39,4 @@\n") != std::string::npos);
}
