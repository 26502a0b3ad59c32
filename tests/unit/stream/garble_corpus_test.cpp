// SPDX-License-Identifier: Apache-2.0
// The texts and streams of the reference corpus, healthy and garbled. Prints a warning where the corpus is absent.
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/catch.hpp"
#include "unit/stream/feeding.hpp"
#include "unit/stream/garble_texts.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

std::vector<nlohmann::json> rows_of(const std::string& path) {
  std::vector<nlohmann::json> rows;
  std::istringstream lines(slurp(path));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

std::string said(const std::vector<GarbleSign>& signs) {
  std::string out;
  for (const GarbleSign& sign : signs) out += sign.reason + "\n";
  return out;
}

/// The text as an answer in chunks of seven bytes, so that characters are cut wherever JSON allows it.
std::string as_stream(const std::string& text) {
  std::string body = chat_chunk("A", R"("role":"assistant","content":"")");
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.size(), at + 7);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    body += chat_chunk("A", "\"content\":" + nlohmann::json(text.substr(at, end - at)).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
    at = end;
  }
  return body + chat_chunk("A", "", R"(,"finish_reason":"stop")") + "data: [DONE]\n\n";
}

}  // namespace

TEST_CASE("no healthy text of the corpus is flagged and nine in ten garbled ones are", "[stream][garble]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  int garbled = 0, caught = 0, healthy = 0;
  for (const auto& row : rows_of(*corpus() + "/garble/index.jsonl")) {
    const std::string file = row["file"];
    const std::string text = slurp(*corpus() + "/garble/" + file);
    const Outcome outcome = run(as_stream(text), Dialect::openai_chat, with(Check::garble, Action::flag));
    INFO(file << "\n" << said(signs_of(text)));
    CHECK_FALSE(outcome.rejected);
    if (row["label"] == "garbled") {
      ++garbled;
      caught += outcome.flagged(Check::garble);
      continue;
    }
    ++healthy;
    CHECK_FALSE(outcome.flagged(Check::garble));
    for (const auto kind : {GarbleLane::Text::content, GarbleLane::Text::reasoning, GarbleLane::Text::arguments})
      CHECK(signs_of(text, kind).empty());
  }
  CHECK(healthy >= 71);
  CHECK(garbled >= 26);
  CHECK(caught * 10 >= garbled * 9);
}

TEST_CASE("no text of a recorded stream is flagged but the one that degenerates", "[stream][garble]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  for (const auto& row : rows_of(*corpus() + "/garble/stream_texts.jsonl")) {
    const std::string kind = row["kind"], text = row["text"];
    const auto signs = signs_of(text, kind == "toolargs"    ? GarbleLane::Text::arguments
                                      : kind == "reasoning" ? GarbleLane::Text::reasoning
                                                            : GarbleLane::Text::content);
    INFO(std::string(row["stream"]) << " " << kind << "\n" << said(signs));
    CHECK(signs.empty() == (row["label"] == "healthy"));
  }
  for (const auto& row : rows_of(*corpus() + "/streams/index.jsonl")) {
    const std::string body = slurp(*corpus() + "/streams/" + std::string(row["file"]));
    for (const Dialect dialect : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages}) {
      Config config = all(Action::flag);
      config[Check::finish_reason] = Action::flag;
      const Outcome outcome = run(body, dialect, config);
      INFO(std::string(row["file"]));
      if (row["content_label"] == "degenerate") CHECK((dialect != Dialect::openai_chat || outcome.flagged(Check::garble)));
      else CHECK_FALSE(outcome.flagged(Check::garble));
    }
  }
}
