// SPDX-License-Identifier: Apache-2.0
// What is said of a text does not depend on how it is cut into pieces.
#include "support/catch.hpp"
#include "unit/stream/garble_texts.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

std::string said(const std::vector<GarbleSign>& signs) {
  std::string out;
  for (const GarbleSign& sign : signs) out += sign.reason + (sign.certain ? "!" : "?") + sign.excerpt + "\n";
  return out;
}

std::vector<std::string> garbled() {
  return {times("G", 120), "Okay" + times("!", 300), chinese(60) + times("商", 300), "DDDDDDD",
          "In English " + times("please ", 60), times("run checks All complete then queue checks pass:\n", 12),
          "x " + times("Schritt für Schritt weiter über die Brücke gehen, ", 12), times("我不知道该怎么办才好，", 40),
          times("ab\xEF\xBF\xBD", 20), times("Ã¼ber grÃ¶ÃŸer ", 12), times("真กำหร帥дом争", 6),
          "0.0.1 " + times("</arg_value>\n0.0.1 ", 6), "Done.<|im_end|>", "a \xE4\xB8" + times("</s>", 4) + "\xFF\xC3",
          "Done.<|end|><|start|>assistant<|channel|>final<|message|>Hi", "Hi.<｜User｜>现在", "<tool_call>\n{\"name\": \"f\"}\n</tool_call> x",
          times("\x1b[31mok\x1b[0m \\033[1mokay\\033[0m ^[[mo^[[0m ", 20) + times("oka okay ok ", 40),
          times("`x` ```\nhello you\n``` ", 40), times("8 1:#2 -9. }4(2:4 -9 -{&)9\"]`|;", 12)};
}

}  // namespace

TEST_CASE("what is found is the same at every cut, inside a character as well", "[stream][garble]") {
  for (const std::string& text : garbled()) {
    const std::string whole = said(signs_of(text));
    for (std::size_t piece = 1; piece <= 67; ++piece) {
      INFO(text.substr(0, 60) << " in pieces of " << piece);
      CHECK(said(signs_of(text, GarbleLane::Text::content, piece)) == whole);
    }
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      GarbleLane lane(GarbleLane::Text::content, 0);
      GarbleSigns signs;
      lane.take(std::string_view(text).substr(0, cut), signs);
      lane.take(std::string_view(text).substr(cut), signs);
      lane.finish(signs);
      INFO(text.substr(0, 60) << " cut at " << cut);
      REQUIRE(said(signs.take()) == whole);
    }
  }
}

TEST_CASE("random bytes are looked at alike however they are cut", "[stream][garble]") {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"a", "G", "GGGGGGGGGGGGGGGG", " ", "\n", "```", "`", "12", "<|im_end|>", "</think>", "<", "|>",
                                           "\xE4\xB8\xAD", "\xE4", "\x80", "Ã", "©", "\xEF\xBF\xBD", "ж", "ก", "please ", "\\n", ":", "[", "]", "\xF0\x9F\x8E\x89"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += times(pieces[random() % pieces.size()], 1 + (random() % 5 == 0 ? random() % 60 : 0));
    const std::string whole = said(signs_of(text));
    REQUIRE(said(signs_of(text, GarbleLane::Text::content, 1)) == whole);
    REQUIRE(said(signs_of(text, GarbleLane::Text::content, 1 + random() % 9)) == whole);
  }
}

TEST_CASE("a sign is told with the piece that completes it, though small pieces wait for one another", "[stream][garble]") {
  for (const std::string& garble : garbled()) {
    const std::string text = prose(150) + garble.substr(0, 700);
    std::vector<std::size_t> told;   // signs in each beginning of the text
    for (std::size_t size = 0; size <= text.size(); ++size) {
      GarbleLane lane(GarbleLane::Text::content, 0);
      GarbleSigns signs;
      lane.take(text.substr(0, size), signs);
      told.push_back(signs.size());
    }
    for (const std::size_t piece : {1, 2, 3, 4, 5, 7, 11, 20, 33, 50}) {
      GarbleLane lane(GarbleLane::Text::content, 0);
      GarbleSigns signs;
      for (std::size_t at = 0; at < text.size(); at += piece) {
        lane.take(std::string_view(text).substr(at, piece), signs);
        INFO(garble.substr(0, 60) << " in pieces of " << piece << " up to " << at);
        REQUIRE(signs.size() == told[std::min(at + piece, text.size())]);
      }
    }
  }
}

TEST_CASE("each signal speaks once, and once more when it becomes certain", "[stream][garble]") {
  std::string text;
  for (unsigned i = 0; i < 20; ++i) text += prose(300, i) + times("G", 500);
  const auto signs = signs_of(text);
  REQUIRE(signs.size() == 2);
  CHECK_FALSE(signs[0].certain);
  CHECK(signs[1].certain);
  CHECK(signs[1].excerpt == times("G", 64));
}

TEST_CASE("the state of one text is small and stays so", "[stream][garble]") { CHECK(sizeof(GarbleLane) <= 4096); }
