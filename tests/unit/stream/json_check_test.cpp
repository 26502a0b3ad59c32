// SPDX-License-Identifier: Apache-2.0
#include "stream/json_check.hpp"

#include <filesystem>

#include "stream/chunk_reader.hpp"
#include "support/catch.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

bool in_pieces(std::string_view text, std::size_t size) {
  JsonCheck check;
  for (std::size_t at = 0; at < text.size(); at += size) check.write(text.substr(at, size));
  return check.finish();
}

}  // namespace

TEST_CASE("JSON is accepted whole and in pieces, and nothing else is", "[stream]") {
  for (const char* good : {"{}", "[1, -0.5e+3, \"\\u00e9\\ud83d\\ude00\", null, true]", " \"x\" ", "12", "{\"a\":{\"a\":[]}}"}) {
    CHECK(is_json(good));
    for (std::size_t size = 1; size < 9; ++size) CHECK(in_pieces(good, size));
  }
  for (const char* bad : {"", " ", "{", "{} {}", "[1,]", "{\"a\":1,}", "01", "\"\t\"", "\"\\x\"", "nul", "{\"a\" 1}", "'a'", "\xEF\xBB\xBF{}"}) {
    CHECK_FALSE(is_json(bad));
    for (std::size_t size = 1; size < 9; ++size) CHECK_FALSE(in_pieces(bad, size));
  }
  CHECK_FALSE(is_json(std::string_view("{}\0", 3)));
}

TEST_CASE("deep nesting is refused without a crash", "[stream]") {
  CHECK(is_json(std::string(400, '[') + std::string(400, ']')));
  CHECK_FALSE(is_json(std::string(100000, '[')));
  CHECK_FALSE(ChunkReader::of_thread().read(std::string(100000, '[')).sound);
}

TEST_CASE("the JSON files of the reference corpus are judged rightly", "[stream]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*corpus() + "/json")) {
    const std::string name = entry.path().filename().string();
    const std::string text = slurp(entry.path().string());
    INFO(name);
    std::vector<Finding> findings;
    Config config = all(Action::reject);
    config[Check::shape] = Action::pass;
    Usage usage;
    const bool streamed = check_json_body(text, Dialect::openai_chat, config, findings, usage);
    if (name.starts_with("y_")) CHECK((is_json(text) && in_pieces(text, 1) && streamed));
    if (name.starts_with("n_")) CHECK_FALSE((is_json(text) || in_pieces(text, 1) || streamed));
    if (name.starts_with("i_")) CHECK(is_json(text) == in_pieces(text, 3));
    ++count;
  }
  CHECK(count > 90);
}
