// SPDX-License-Identifier: Apache-2.0
// What the tests of the check `garble` share: what is said of a text, and texts that look degenerate and are not.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stream/garble_lane.hpp"

namespace siltgate::stream::test {

inline std::vector<GarbleSign> signs_of(std::string_view text, GarbleLane::Text kind = GarbleLane::Text::content,
                                        std::size_t piece = std::string_view::npos) {
  GarbleLane lane(kind, 0);
  GarbleSigns signs;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) lane.take(text.substr(at, piece), signs);
  lane.finish(signs);
  return signs.take();
}

/// How sure `signal` is about the text.
inline Certain sign(Signal signal, std::string_view text, GarbleLane::Text kind = GarbleLane::Text::content) {
  Certain most = Certain::no;
  for (const GarbleSign& found : signs_of(text, kind))
    if (found.signal == signal) most = std::max(most, found.certain ? Certain::yes : Certain::doubtful);
  return most;
}

inline std::string reason(Signal signal, std::string_view text) {
  for (const GarbleSign& found : signs_of(text))
    if (found.signal == signal) return found.reason;
  return {};
}

inline std::string times(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// `line(i)` for i = 1 … count.
template <class Line>
std::string lines(int count, Line line) {
  std::string out;
  for (int i = 1; i <= count; ++i) out += line(std::to_string(i)) + "\n";
  return out;
}

/// Sentences of made-up words that do not repeat.
inline std::string prose(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out;
  while (out.size() < size) {
    const std::size_t length = 2 + random() % 7;
    for (std::size_t i = 0; i < length; ++i) out += static_cast<char>('a' + random() % 26);
    out += random() % 9 == 0 ? ". " : " ";
  }
  out.resize(size);
  return out;
}

/// Chinese characters that do not repeat as a whole, `size` of them.
inline std::string chinese(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned code = 0x4E00 + random() % 3000;
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

inline std::string hexadecimal(unsigned value, int digits) {
  std::string out;
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[value >> 4 * i & 15];
  return out;
}

/// Texts that any of the signals might take for degenerate.
inline std::vector<std::string> look_alikes() {
  std::mt19937 random(3);
  const auto pick = [&](std::string_view set) { return std::string(1, set[random() % set.size()]); };
  const auto number = [](const std::string& i) { return std::stoi(i); };
  std::vector<std::string> texts = {
      times("[" + times("0, ", 27) + "0],\n", 28),
      times(times("0,", 19) + "0\n", 100),
      "Here is the output:\n\n" + times(times("nan,", 11) + "nan\n", 40),
      times("null,null,null\n", 100) + times("NA;NA;NA;NA\n", 100) + times("True\tFalse\tNone\n", 100),
      times(times("false,", 11) + "false\n", 60) + times(times("None, ", 7) + "None\n", 60) + times("-inf nan nan\n", 60),
      lines(60, [](const std::string& i) { return i + "," + times("nan,", 25) + "nan"; }),
      "[" + times("nan ", 600) + "]",
      "[" + times("null, ", 500) + "]",
      "[" + times("False, ", 300) + "]",
      "[" + times("{\"name\": \"Alice\", \"age\": 30, \"city\": \"Paris\"},\n", 100) + "]",
      "| Name | Status |\n|---|---|\n" + times("| route | ok |\n", 60),
      times("|---", 60) + "|\n" + times("| N/A | N/A | N/A |\n", 40),
      lines(100, [](const std::string& i) { return "| " + i + " | route-" + i + " | 0.0 | 0 |"; }),
      lines(60, [](const std::string& i) { return "def test_case_" + i + "(self):\n    self.assertEqual(compute(" + i + "), " + i + ")\n"; }),
      times("    self.assertTrue(x)\n", 15),
      lines(150, [](const std::string& i) { return i + ". Item number " + i; }),
      lines(100, [](const std::string& i) { return "This is line " + i + " of the file."; }),
      lines(80, [](const std::string& i) { return "INFO Processing batch " + i + " of the input files from the queue"; }),
      lines(99, [](const std::string& i) {
        return i + " bottles of beer on the wall, " + i + " bottles of beer.\nTake one down and pass it around, " + i +
               " bottles of beer on the wall.\n";
      }),
      times("Na na na na na na na, na na na na, hey.\n", 4) + times("na ", 30) + "Batman!",
      "That is funny: " + times("ha", 40) + " " + times("ha ", 40),
      lines(12, [](const std::string& i) { return prose(160, static_cast<unsigned>(std::stoi(i)) + 70) + "\nQuoth the raven: nevermore.\n"; }),
      times("00000000  " + times("00 ", 16) + " |................|\n", 80),
      "std::string key(" + times("A", 600) + ");",
      "sha512:" + times("a", 128) + " sha256:" + times("f", 64),
      "API_KEY=sk-" + times("x", 100),
      "a" + times(" ", 800) + "b" + times("\t", 40),
      times(times("/", 100) + "\n// Section\n", 10) + times("#", 80) + "\n" + times("=", 200) + "\n" + times("-", 200) + "\n" + times("_", 300),
      lines(50, [&](const std::string& i) { return "[" + times("#", static_cast<std::size_t>(number(i))) + times(".", static_cast<std::size_t>(50 - number(i))) + "] " + i + "%"; }),
      times("█", 200) + times("░", 200) + "\n" + times("🎉", 40) + times("🚀✨", 40),
      times("  /\\_/\\\n ( o.o )\n  > ^ <\n", 20),
      times("□ ■ □ ■ □ ■ □ ■\n■ □ ■ □ ■ □ ■ □\n", 20),
      times(times(". ", 40) + "\n", 30),
      times("<p>Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.</p>\n", 12),
      "3." + times("142857", 150) + " 0." + times("3", 300),
      "Hello | Привет | مرحبا | 你好 | こんにちは | 안녕하세요 | สวัสดี | नमस्ते | γειά | שלום\n",
      "English, Русский, العربية, 中文, 日本語, 한국어, ไทย, हिन्दी, Ελληνικά, עברית, Deutsch",
      times("在React中使用useState和useEffect来管理state的变化，通过props传递data到子component中。", 2) + chinese(2000),
      "React의 useState를 사용하여 state를 관리합니다. API를 호출합니다. 대한民國 韓國語",
      "Функция handleRequest() вызывается из main.cpp, затем JSON-ответ парсится в API-шлюзе.",
      "Let αx + βy = γz and Δt → 0, λ₁ ≥ λ₂; ∑ᵢ xᵢ² = ∫ f(x) dx.",
      times("\\begin{pmatrix} 0 & 0 & 0 \\\\ 0 & 0 & 0 \\end{pmatrix} \\frac{\\partial^2 u}{\\partial t^2} = c^2 \\nabla^2 u\n", 6),
      times("^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}$ [^)(\\]}{]+ ([{<]) \\1 (\\d{1,3})[)] ", 4),
      times("$x =~ s/(\\d+)[^0-9]*/$1 * 2 + @{$a}[0]/ge; @b = map { $_ => 1 } grep { !/^#/ && $_ % 3 == 0 } (1..100); ", 4),
      times("for i in $(seq 1 10); do echo \"$(( ${a[$i]} * 2 + 1 ))\" | awk '{print $1}' > /tmp/x_$i 2>&1 || { exit 1; }; done; ", 4),
      times("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.", 6),
      times("if (\"$]\" >= 5.015002 || (\"$]\" >= 5.014002 && \"$]\" < 5.015)) { *X = sub () { 1 }; }\n", 8),
      times("/* " + times("!", 74) + "\n" + times("v", 72) + " */\n", 3) + times("    regex_constants::syntax_char,   /**/\n", 34),
      times(":) :( ;) :D 8) :] =) >:( :-) 1) 2) 3) ", 8),
      "caf\xEF\xBF\xBD instead of café; U+FFFD, \"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\", replaces what is ill-formed",
      times("„Spaß“ „Maß“ „Gruß“ „süß“ „groß“ Äpfel, Öl, Übung. ", 8),
      times("« À », « É », «CAFÉ», «ÉTÉ», l’été à côté. NÃO, SÃO PAULO, AÇÃO. ", 12),
      "Tôi là một lập trình viên và tôi thích viết mã nguồn mở. Điều này rất thú vị.",
      "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈，太好笑了！ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ wwwwwwwwwwwww хахахахаха 5555555555",
      "Noooooooooooooooooooooooooo! AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARGH!!!!!!!!!!!!!!!!!!!! Why???????????",
      times("\\x90", 200) + times("&nbsp;", 60) + times("<br>", 40) + times("<li>Item</li>\n", 40),
      times("Yes\n", 60) + times("- [ ] TODO\n", 40),
      lines(20, [](const std::string& i) { return times("> ", static_cast<std::size_t>(i.size())) + prose(40, static_cast<unsigned>(std::stoi(i))); }) + times("Downloading... please wait\n", 6),
      "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo. " + times("badger ", 12) + times("spam ", 20),
      "walk walks walked walking; talk talks talked talking; s st str stra straw strawb strawbe strawber strawberr strawberry",
      "<think>\nLet me think about it.\n</think>\n\nThe answer is <|begin_of_box|>45<|end_of_box|>"};
  std::string table, dna, blob;
  for (int row = 0; row < 40; ++row) {
    table += hexadecimal(static_cast<unsigned>(row) * 16, 8);
    for (int i = 0; i < 16; ++i) table += " " + hexadecimal(static_cast<unsigned>(random()), 2);
    table += "  |";
    for (int i = 0; i < 16; ++i) table += pick("....Aab@#$%^&*(){}[]<>;:,./?");
    table += "|\n";
    for (int i = 0; i < 60; ++i) dna += pick("ACGT");
    for (int i = 0; i < 76; ++i) blob += pick("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    dna += "\n";
    blob += "\n";
  }
  texts.insert(texts.end(), {table, dna, blob, dna + times("CAG", 80) + times("N", 300)});
  std::string path = "<path d=\"", flips;
  for (int i = 0; i < 200; ++i) path += pick("MLCQ") + std::to_string(random() % 100) + "." + std::to_string(random() % 100) + " ";
  for (int i = 0; i < 100; ++i) flips += random() % 2 ? "Heads, " : "Tails, ";
  texts.insert(texts.end(), {path, flips});
  for (const char* escape : {"\x1b", "\\033", "\\x1b", "\\x1B", "\\u001b", "\\e", "^["}) {
    std::string coloured;
    for (int i = 0; i < 150; ++i)
      coloured += std::string(escape) + "[3" + pick("01234567") + "m" + (random() % 2 ? "ok" : "warn") + escape + "[0m ";
    texts.push_back(coloured);
  }
  return texts;
}

}  // namespace siltgate::stream::test
