// SPDX-License-Identifier: Apache-2.0
// Each signal of degenerate text by itself, and the healthy text that comes closest to it.
#include "support/catch.hpp"
#include "unit/stream/garble_texts.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

TEST_CASE("no signal speaks about text that only looks degenerate", "[stream][garble]") {
  for (const std::string& text : look_alikes()) {
    for (const auto kind : {GarbleLane::Text::content, GarbleLane::Text::reasoning, GarbleLane::Text::arguments}) {
      const auto signs = signs_of(text, kind);
      INFO(text.substr(0, 300));
      INFO((signs.empty() ? "" : signs.front().reason));
      CHECK(signs.empty());
    }
  }
}

TEST_CASE("a run of one letter is found, and how long it must be depends on the letter", "[stream][garble]") {
  CHECK(sign(Signal::run, times("G", 51)) == Certain::doubtful);
  CHECK(sign(Signal::run, times("G", 120)) == Certain::yes);
  CHECK(sign(Signal::run, prose(90) + times("H", 64)) == Certain::yes);
  CHECK(sign(Signal::run, prose(90) + times("H", 39)) == Certain::no);
  CHECK(sign(Signal::run, prose(90) + " " + times("a", 199)) == Certain::no);
  CHECK(sign(Signal::run, prose(90) + " " + times("a", 400)) == Certain::yes);
  CHECK(sign(Signal::run, prose(90) + " " + times("A", 1999)) == Certain::no);
  CHECK(sign(Signal::run, "Okay" + times("!", 300)) == Certain::yes);
  CHECK(sign(Signal::run, times("！", 1500)) == Certain::yes);
  CHECK(sign(Signal::run, chinese(250) + times("商", 300)) == Certain::yes);
  CHECK(sign(Signal::run, chinese(250) + times("商", 63)) == Certain::no);
  CHECK(sign(Signal::run, prose(90) + times("0", 4000)) == Certain::yes);
  CHECK(sign(Signal::run, prose(90) + times("-", 1400)) == Certain::no);
  CHECK(reason(Signal::run, "Okay" + times("!", 200)) == "run: one character (U+0021) 120 times, from character 4 of the content");
}

TEST_CASE("a text that is nothing but a short run of a letter is doubtful once it is complete", "[stream][garble]") {
  CHECK(sign(Signal::run, "DDDDDDD") == Certain::doubtful);
  CHECK(sign(Signal::run, times("o", 26)) == Certain::doubtful);
  CHECK(sign(Signal::run, "DDDDDD") == Certain::no);
  CHECK(sign(Signal::run, "DDDDDDD.") == Certain::no);
  CHECK(sign(Signal::run, "-------") == Certain::no);
  CHECK(sign(Signal::run, times("a", 64)) == Certain::no);
  CHECK(sign(Signal::run, "哈哈哈哈哈哈哈哈") == Certain::no);
}

TEST_CASE("a loop of words is found whatever its period", "[stream][garble]") {
  for (const std::size_t period : {9u, 25u, 64u, 77u, 150u, 333u, 700u, 1000u, 1500u, 1999u, 2000u}) {
    for (const std::size_t before : {0u, 137u, 3000u}) {
      std::string piece = prose(period, static_cast<unsigned>(period));
      piece.back() = ' ';
      const std::string text = prose(before, 99) + times(piece, std::max<std::size_t>(9, 600 / period));
      INFO("period " << period << " behind " << before);
      CHECK(sign(Signal::loop, text) != Certain::no);
      CHECK(sign(Signal::loop, text + times(piece, 30)) == Certain::yes);
      CHECK(reason(Signal::loop, text).starts_with("loop: " + std::to_string(period) + " characters repeat "));
    }
  }
}

TEST_CASE("loops in Chinese are found from shorter stretches", "[stream][garble]") {
  for (const std::size_t period : {2u, 5u, 17u, 64u, 400u, 1999u}) {
    INFO(period);
    const std::string text = chinese(100, 5) + times(chinese(period, 7), std::max<std::size_t>(9, 200 / period));
    CHECK(sign(Signal::loop, text) != Certain::no);
  }
}

TEST_CASE("a loop says its period, repetitions and start", "[stream][garble]") {
  CHECK(reason(Signal::loop, "In English " + times("please ", 92)) ==
        "loop: 7 characters repeat 29 times, from character 10 of the content");
  const std::string line = "run checks All All complete then queue checks pass checks pass:\n";
  CHECK(reason(Signal::loop, times(line, 6)).starts_with("loop: 64 characters repeat 5 times, from character 0"));
}

TEST_CASE("a loop that a number completes is told though the next character ends it", "[stream][garble]") {
  const std::string loop = "rwomx pt " + times("hf 7 emjxf agbgszm. odk ", 15) + "hf 7";
  const std::string said = "loop: 24 characters repeat 15 times, from character 8 of the content";
  CHECK(reason(Signal::loop, loop + "#!?") == said);
  CHECK(reason(Signal::loop, loop + " emj") == said);
}

TEST_CASE("cells, values and fixtures may repeat far longer than words", "[stream][garble]") {
  CHECK(sign(Signal::loop, times("null, ", 900)) == Certain::no);
  CHECK(sign(Signal::loop, times("null, ", 1300)) == Certain::doubtful);
  CHECK(sign(Signal::loop, times("0, ", 5000)) == Certain::no);
  CHECK(sign(Signal::loop, times("0, ", 6000)) == Certain::doubtful);
  CHECK(sign(Signal::loop, times(times("nan,", 11) + "nan\n", 120)) == Certain::no);
  CHECK(sign(Signal::loop, times(times("nan,", 11) + "nan\n", 140)) == Certain::doubtful);
  CHECK(sign(Signal::loop, times("null,null,null\n", 1300)) == Certain::yes);
  CHECK(sign(Signal::loop, times("nothing,more,null\n", 40)) != Certain::no);
  const std::string fixture = times("hello world and all who live in it\n", 30);
  CHECK(sign(Signal::loop, fixture) != Certain::no);
  CHECK(sign(Signal::loop, fixture, GarbleLane::Text::arguments) == Certain::no);
  CHECK(sign(Signal::loop, "A file:\n```\n" + fixture + "```\n") == Certain::no);
  CHECK(sign(Signal::loop, times(fixture, 2), GarbleLane::Text::arguments) == Certain::doubtful);
}

TEST_CASE("a loop in which only numbers change is doubtful, and only when nobody writes so on purpose", "[stream][garble]") {
  const auto step = [](const std::string& i) {
    return "Attempt " + i + ": I will check the file and run the tests again to see whether it passes, and if it does not I "
           "will look at the output, find the cause, fix it and start over from the beginning.";
  };
  CHECK(sign(Signal::loop, lines(12, step)) == Certain::no);
  CHECK(sign(Signal::loop, lines(40, step)) == Certain::doubtful);
  CHECK(reason(Signal::loop, lines(40, step)).find("with only the numbers changing") != std::string::npos);
  CHECK(sign(Signal::loop, lines(150, [](const std::string& i) { return "Step " + i + ": I check the file and then run the tests again to see."; })) ==
        Certain::doubtful);
}

TEST_CASE("a page that comes twice is no loop", "[stream][garble]") {
  const std::string page = prose(900);
  CHECK(sign(Signal::loop, page + "\nAnd here is the final version:\n" + page) == Certain::no);
  CHECK(sign(Signal::loop, times(prose(225) + "\n", 3)) == Certain::no);
}

TEST_CASE("replacement characters in rows or strewn over a text are found, a few are not", "[stream][garble]") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(sign(Signal::encoding, prose(40) + times(bad, 15)) == Certain::no);
  CHECK(sign(Signal::encoding, prose(40) + times(bad, 16)) == Certain::doubtful);
  CHECK(sign(Signal::encoding, prose(40) + times(bad, 48)) == Certain::yes);
  CHECK(sign(Signal::encoding, times("ab" + bad, 4)) == Certain::no);
  CHECK(sign(Signal::encoding, times("ab" + bad, 5)) == Certain::doubtful);
  CHECK(sign(Signal::encoding, times("ab" + bad, 16)) == Certain::yes);
  CHECK(sign(Signal::encoding, times(prose(300) + bad, 40)) == Certain::no);
  CHECK(sign(Signal::encoding, times("ab\xFF", 16)) == Certain::yes);
}

TEST_CASE("text read in the wrong encoding is found, text about it is not", "[stream][garble]") {
  CHECK(sign(Signal::encoding, times("Ã¼ber grÃ¶ÃŸer ", 5)) == Certain::doubtful);
  CHECK(sign(Signal::encoding, times("ä½\u00A0å¥½ä¸\u0096ç\u0095\u008C", 20)) == Certain::yes);
  CHECK(sign(Signal::encoding, "Ã© is é, Ã¼ is ü, Ã¶ is ö, Ã¤ is ä, â€™ is ’, Ã¨ is è, Ã§ is ç, Ã± is ñ, Ãª is ê, Ã® is î, Ã´ is ô, Ã» is û, Ã  is à") ==
        Certain::no);
}

TEST_CASE("scripts glued together are found, scripts side by side are not", "[stream][garble]") {
  CHECK(sign(Signal::scripts, "真形记分转pled资的กำหร帥bekдоm争하能") != Certain::no);
  CHECK(sign(Signal::scripts, times("真กำหร帥дом争", 4)) == Certain::yes);
  CHECK(sign(Signal::scripts, "héllo世界Приветworld") == Certain::no);
  CHECK(sign(Signal::scripts, times("YYYY оны MMMMын D, ddddта ", 20)) == Certain::no);
  CHECK(sign(Signal::scripts, times("真 กำหร, 帥 дом-争\n", 20)) == Certain::no);
  CHECK(sign(Signal::scripts, times("Use 缓存cache对象object来加速API调用, as GLM writes. ", 20)) == Certain::no);
  CHECK(sign(Signal::scripts, times("{\\\"a\\\": \\\"\\nПривет\\tмир\\n\\\"}", 20), GarbleLane::Text::arguments) == Certain::no);
}

TEST_CASE("digits and marks of every kind strewn between spaces are found", "[stream][garble]") {
  std::mt19937 random(5);
  const std::string_view soup = "0123456789012345678901234567890123456789          -:,.<>\"&{}()[]|`#=/\\;{}()[]";
  std::string text = prose(200);
  for (int i = 0; i < 500; ++i) text += soup[random() % soup.size()];
  CHECK(sign(Signal::symbols, text) != Certain::no);
}

TEST_CASE("words that are the end of their neighbour, one after the other, are an echo", "[stream][garble]") {
  std::mt19937 random(5);
  const std::string word = "gramariphant";
  std::string echo;
  for (int i = 0; i < 120; ++i) echo += word.substr(random() % word.size()) + "多\n";
  CHECK(sign(Signal::echo, echo) == Certain::yes);
  CHECK(sign(Signal::echo, times("a ab abc abcd abcde abcdef abcdefg and then ", 30)) == Certain::no);
  CHECK(sign(Signal::echo, times("yes no ", 200)) == Certain::no);
  CHECK(sign(Signal::echo, times("(r'>>', Operator),\n", 200)) == Certain::no);
}
