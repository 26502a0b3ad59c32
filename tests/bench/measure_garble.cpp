// SPDX-License-Identifier: Apache-2.0
// Prints what the check `garble` says about texts, how far each text is from its bounds, and what looking costs. Arguments:
// files, each a text, or *.jsonl whose lines have a member `text`. Not a test: the figures of
// docs/decisions/0020-garble.md come from here, found by slow and plain code that shares only the classes of characters.
#include <bit>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "stream/garble_lane.hpp"

using namespace siltgate::stream;

namespace {

struct Text {
  std::string name, text;
  GarbleLane::Text kind = GarbleLane::Text::content;
};

struct Largest {
  double value = 0;
  std::string where;
};
std::map<std::string, Largest> figures;

void note(const std::string& figure, double value, const std::string& where) {
  if (Largest& largest = figures[figure]; value > largest.value) largest = {value, where};
}

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Text> texts_of(const std::string& path) {
  if (!path.ends_with(".jsonl")) return {{path, slurp(path)}};
  std::vector<Text> texts;
  std::istringstream lines(slurp(path));
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line);
    const bool arguments = row.value("kind", "") == "toolargs";
    if (row.contains("text"))
      texts.push_back({path + ":" + std::to_string(texts.size() + 1) + " " + row.value("label", ""), row["text"],
                       arguments ? GarbleLane::Text::arguments : GarbleLane::Text::content});
  }
  return texts;
}

std::vector<GarbleChar> characters(const std::string& text) {
  std::vector<GarbleChar> out;
  CharDecoder decoder;
  for (const char byte : text)
    decoder.take(static_cast<unsigned char>(byte), [&](char32_t code) {
      const CharClass what = classify(code);
      out.push_back({code, what.kind, what.script, out.size()});
    });
  return out;
}

void measure_runs(const std::vector<GarbleChar>& chars, const std::string& name) {
  for (std::size_t i = 0, run = 1; i < chars.size(); ++i) {
    run = i > 0 && chars[i].code == chars[i - 1].code ? run + 1 : 1;
    const char32_t code = chars[i].code;
    const bool filler = code < 128 && std::string_view("ANabcdefBCDEFxX").find(static_cast<char>(code)) != std::string_view::npos;
    const char* of = filler                                  ? "run of A, N, x or a hex letter"
                     : code < 128 && chars[i].kind == CharKind::letter ? "run of another Latin letter"
                     : chars[i].kind == CharKind::letter     ? "run of a letter beyond ASCII"
                     : chars[i].kind == CharKind::digit      ? "run of a digit"
                     : code == '!' || code == '?'            ? "run of ! or ?"
                                                             : "run of anything else";
    note(of, static_cast<double>(run), name);
  }
}

std::uint8_t element_of(const GarbleChar& c) {
  if (c.kind == CharKind::digit) return loop_element::number;
  if (c.code < 128) return static_cast<std::uint8_t>(c.code);
  if (c.kind != CharKind::letter) return loop_element::mark;
  return c.script == Script::han ? loop_element::dense : loop_element::letter;
}

/// The longest exact repetition at every period, by what repeats; only those of at least three rounds.
void measure_loops(const std::vector<GarbleChar>& chars, const std::string& name) {
  constexpr const char* kinds[] = {"words", "one word", "short word", "unbroken", "code", "blank", "data"};
  for (std::size_t period = 2; period <= 2000 && period * 3 <= chars.size(); ++period) {
    std::size_t same = 0;
    for (std::size_t i = period; i <= chars.size(); ++i) {
      if (i < chars.size() && chars[i].code == chars[i - period].code) {
        ++same;
        continue;
      }
      if (same >= 2 * period && same >= 16) {
        std::string unit;
        for (std::size_t k = i - period; k < i; ++k) unit += static_cast<char>(element_of(chars[k]));
        const LoopUnit what = look_at_unit(unit);
        const std::string of = std::string("loop of ") + kinds[static_cast<int>(what.kind)];
        const double rounds = static_cast<double>(same + period) / static_cast<double>(period);
        note(of + ", stretch", rounds * what.worth, name + " period " + std::to_string(period));
        if (rounds * what.worth >= 200) note(of + ", rounds where the stretch is 200", rounds, name + " period " + std::to_string(period));
      }
      same = 0;
    }
  }
}

void measure_encoding(const std::vector<GarbleChar>& chars, const std::string& name) {
  std::vector<std::size_t> groups;
  std::size_t row = 0;
  for (const GarbleChar& c : chars) {
    row = c.code == replacement_code ? row + 1 : 0;
    if (row == 1) groups.push_back(c.at);
    while (!groups.empty() && c.at - groups.front() > 256) groups.erase(groups.begin());
    note("U+FFFD in a row", static_cast<double>(row), name);
    note("rows of U+FFFD within 256 characters", static_cast<double>(groups.size()), name);
  }
}

void measure_scripts(const std::vector<GarbleChar>& chars, const std::string& name) {
  std::vector<std::size_t> joints;
  for (std::size_t i = 1; i < chars.size(); ++i) {
    const Script a = chars[i - 1].script, b = chars[i].script;
    const bool escape = i > 1 && (chars[i - 2].code == U'\\' || chars[i - 1].code == U'\\');
    if (a == b || a == Script::none || b == Script::none || escape || ScriptsSignal::is_usual(a, b)) continue;
    joints.push_back(i);
    while (i - joints.front() >= ScriptsSignal::reach) joints.erase(joints.begin());
    note("joints of scripts within 512 characters", static_cast<double>(joints.size()), name);
  }
}

/// Kinds of marks in a window that meets the shares of the signal, and in any.
void measure_symbols(const std::vector<GarbleChar>& chars, const std::string& name) {
  constexpr std::size_t window = SymbolsSignal::window;
  for (std::size_t from = 0; from + window <= chars.size(); from += 16) {
    std::map<CharKind, std::size_t> count;
    std::map<char32_t, int> marks;
    for (std::size_t i = from; i < from + window; ++i) {
      ++count[chars[i].kind];
      if (chars[i].kind == CharKind::punctuation && chars[i].code < 128) ++marks[chars[i].code];
    }
    note("kinds of marks in 128 characters, any text", static_cast<double>(marks.size()), name);
    if (count[CharKind::letter] * 100 < window * 35 && count[CharKind::digit] * 10 >= window && count[CharKind::space] * 10 >= window &&
        count[CharKind::punctuation] * 100 >= window * 30)
      note("kinds of marks in 128 characters with the shares of a soup", static_cast<double>(marks.size()), name);
  }
}

void measure_echo(const std::vector<GarbleChar>& chars, const std::string& name) {
  std::u32string before, word;
  int streak = 0;
  for (const GarbleChar& c : chars) {
    if (c.kind == CharKind::letter) {
      word += c.code;
      continue;
    }
    if (word.empty()) continue;
    const std::u32string& longer = word.size() > before.size() ? word : before;
    const std::u32string& shorter = word.size() > before.size() ? before : word;
    const bool echo = !shorter.empty() && word != before && (longer.ends_with(shorter) || longer.starts_with(shorter));
    if (echo) note("words in a row that echo their neighbour", ++streak, name);
    else if (word != before) streak = 0;
    before = std::exchange(word, {});
  }
}

double nanoseconds_per_byte(const std::string& text, std::size_t piece) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    GarbleLane lane(GarbleLane::Text::content, 0);
    GarbleSigns signs;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < text.size(); at += piece) lane.take(std::string_view(text).substr(at, piece), signs);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    best = std::min(best, spent.count() / static_cast<double>(text.size()));
  }
  return best;
}

void measure(const Text& text) {
  const auto chars = characters(text.text);
  measure_runs(chars, text.name);
  measure_loops(chars, text.name);
  measure_encoding(chars, text.name);
  measure_scripts(chars, text.name);
  measure_symbols(chars, text.name);
  measure_echo(chars, text.name);
}

}  // namespace

int main(int argc, char** argv) {
  std::string all;
  int texts = 0, with_signs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const Text& text : texts_of(argv[i])) {
      ++texts;
      measure(text);
      GarbleLane lane(text.kind, 0);
      GarbleSigns signs;
      lane.take(text.text, signs);
      lane.finish(signs);
      with_signs += !signs.empty();
      for (const GarbleSign& sign : signs.take())
        std::printf("%s: %s%s\n", text.name.c_str(), sign.certain ? "" : "(doubtful) ", sign.reason.c_str());
      if (text.text.size() > 500) all += text.text;
    }
  }
  for (const auto& [figure, largest] : figures)
    std::printf("largest %-62s %8.1f  %s\n", figure.c_str(), largest.value, largest.where.c_str());
  std::printf("%d texts, %d with signs; one text in hand takes %zu bytes\n", texts, with_signs, sizeof(GarbleLane));
  if (!all.empty())
    std::printf("%.1f ns per byte in pieces of six, %.1f in pieces of 4096\n", nanoseconds_per_byte(all, 6), nanoseconds_per_byte(all, 4096));
}
