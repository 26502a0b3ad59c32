// SPDX-License-Identifier: Apache-2.0
#include "observe/log.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "observe/verdict.hpp"
#include "observe/visible.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

const WallTime noon = WallTime(std::chrono::seconds(1'709'164'799));

ExchangeRecord judged() {
  ExchangeRecord r = sound_record();
  r.verdict = judge(r);
  return r;
}

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::string take() {
    char buffer[65536];
    const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }
};

}  // namespace

TEST_CASE("the line of an exchange has the contract's fields in the contract's order", "[observe]") {
  CHECK(spell(exchange_line(judged()), noon, Spelling::logfmt) ==
        "ts=2024-02-28T23:59:59.000Z level=info msg=exchange id=sg_abcdefghij verdict=intact cause=intact "
        "client=opencode/1.18.33 peer=127.0.0.1:50001 provider=zai key=#9f3c model=glm-4.6 status=200 attempts=1 queue_ms=20 "
        "connect_ms=30 ttfb_ms=800 total_ms=2002 own_ms=0.15 events=17 bytes_in=3412 bytes_out=3412 in_tokens=100 "
        "out_tokens=46\n");
}

TEST_CASE("the JSON line has the same fields, unknown counts are null", "[observe]") {
  ExchangeRecord r = judged();
  r.out_tokens = -1;
  const std::string line = spell(exchange_line(r), noon, Spelling::json);
  REQUIRE(line.back() == '\n');
  const auto json = nlohmann::ordered_json::parse(line);
  std::string names;
  for (const auto& [name, value] : json.items()) names += name + " ";
  CHECK(names ==
        "ts level msg id verdict cause client peer provider key model status attempts queue_ms connect_ms ttfb_ms total_ms "
        "own_ms events bytes_in bytes_out in_tokens out_tokens ");
  CHECK(json["out_tokens"].is_null());
  CHECK(json["own_ms"] == 0.15);
  CHECK(json["key"] == "#9f3c");
}

TEST_CASE("the journal gets its priority, the terminal a short time and colour only when asked", "[observe]") {
  Line line(Level::warn, "something odd");
  line.add("why", "two words");
  CHECK(spell(line, noon, Spelling::journal) ==
        "<4>ts=2024-02-28T23:59:59.000Z level=warn msg=\"something odd\" why=\"two words\"\n");
  CHECK(spell(line, noon, Spelling::terminal) == "23:59:59.000 warn  something odd why=\"two words\"\n");
  CHECK(spell(line, noon, Spelling::terminal, true).find("\x1b[33m") != std::string::npos);
}

TEST_CASE("no peer can break out of its value or its line", "[observe]") {
  for (Spelling spelling : {Spelling::logfmt, Spelling::json, Spelling::journal, Spelling::terminal}) {
    for (int byte = 0; byte < 256; ++byte) {
      Line line(Level::info, "exchange");
      line.add("client", std::string("a") + static_cast<char>(byte) + "b=\"c\\").add("status", std::int64_t{200});
      const std::string out = spell(line, noon, spelling);
      CHECK(out.find('\n') == out.size() - 1);
      for (char c : out.substr(0, out.size() - 1)) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
      CHECK(visible(out.substr(0, out.size() - 1)) == out.substr(0, out.size() - 1));
    }
  }
  Line line(Level::info, "m");
  line.add("client", "a\\").add("x", "\" verdict=intact");
  CHECK(spell(line, noon, Spelling::logfmt) ==
        "ts=2024-02-28T23:59:59.000Z level=info msg=m client=\"a\\\\\" x=\"\\\" verdict=intact\"\n");
}

TEST_CASE("text that would steer a terminal is made visible, other text stays", "[observe]") {
  CHECK(visible("grün 你好 \xf0\x9f\x98\x80") == "grün 你好 \xf0\x9f\x98\x80");
  CHECK(visible("a\nb\t\x1b[2J\x7f") == "a\\nb\\t\\x1b[2J\\x7f");
  CHECK(visible("\xc2\x9b \xe2\x80\xae") == "\\u009b \\u202e");
  CHECK(visible("\xff\xc0\xaf\xed\xa0\x80") == "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  CHECK(visible("你好", 4) == "你…");
}

TEST_CASE("lines are bounded and keep their numbers whatever a peer sends", "[observe]") {
  ExchangeRecord r = judged();
  r.client = r.model = r.peer = r.key = r.provider = std::string(100'000, '\x01');
  for (Spelling spelling : {Spelling::logfmt, Spelling::json}) {
    const std::string out = spell(exchange_line(r), noon, spelling);
    CHECK(out.size() <= longest_line);
    CHECK(out.find("out_tokens") != std::string::npos);
  }
  Line line(Level::info, "m");
  for (int i = 0; i < 100; ++i) line.add("x", std::string(1000, 'x'));
  for (Spelling spelling : {Spelling::logfmt, Spelling::json}) {
    const std::string out = spell(line, noon, spelling);
    CHECK(out.size() <= longest_line);
    CHECK(out.find("truncated") != std::string::npos);
  }
}

TEST_CASE("a dumped finding has hex and text without secrets", "[observe]") {
  Finding f = sample_finding(Check::utf8, Action::reject);
  f.excerpt = "key=TOPSECRET\x9f";
  const std::vector<std::string> secrets{"TOPSECRET"};
  const std::string out = spell(finding_line(f, "sg_abcdefghij", secrets), noon, Spelling::logfmt);
  CHECK(out.find("msg=\"event rejected\" id=sg_abcdefghij event=4 offset=1010 check=utf8 action=reject") != std::string::npos);
  CHECK(out.find("hex=\"6b 65 79 3d 2a 2a") != std::string::npos);
  CHECK(out.find("text=\"key=*********.\"") != std::string::npos);
  CHECK(dump_finding(f, secrets).find("SECRET") == std::string::npos);
}

TEST_CASE("the log chooses its spelling by who reads it", "[observe]") {
  CHECK(choose_spelling(LogFormat::automatic, true, true) == Spelling::journal);
  CHECK(choose_spelling(LogFormat::automatic, true, false) == Spelling::terminal);
  CHECK(choose_spelling(LogFormat::automatic, false, false) == Spelling::logfmt);
  CHECK(choose_spelling(LogFormat::text, false, true) == Spelling::logfmt);
  CHECK(choose_spelling(LogFormat::json, true, true) == Spelling::json);
  CHECK(is_journal("8:12345", 8, 12345));
  for (auto bad : {"", "8", "8:", ":12345", "8:12346", "9:12345", "8:12345x"}) CHECK_FALSE(is_journal(bad, 8, 12345));
}

TEST_CASE("the logger writes what its level wants, and drops lines nobody takes", "[observe]") {
  Pipe pipe;
  LogConfig config;
  config.format = LogFormat::json;
  Logger log(config, pipe.ends[1]);
  log.debug("not wanted");
  log.exchange(judged());
  log.finding(sample_finding(Check::utf8, Action::reject), "sg_abcdefghij", {});
  const std::string first = pipe.take();
  CHECK(std::count(first.begin(), first.end(), '\n') == 1);
  CHECK(nlohmann::json::parse(first)["id"] == "sg_abcdefghij");
  config.level = Level::debug;
  log.configure(config);
  log.finding(sample_finding(Check::utf8, Action::reject), "sg_abcdefghij", {});
  CHECK(nlohmann::json::parse(pipe.take())["check"] == "utf8");
  config.format = LogFormat::text;
  log.configure(config);
  log.info("said otherwise");
  CHECK(pipe.take().find("level=info msg=\"said otherwise\"") != std::string::npos);
  CHECK(log.lost() == 0);
  for (int i = 0; i < 10'000 && log.lost() == 0; ++i) log.info("filling the pipe that nobody reads");
  CHECK(log.lost() > 0);
  pipe.take();
  log.info("after");
  CHECK(log.lost() == 1);
}

TEST_CASE("a terminal that nobody reads costs lines, never time, and keeps the flags its other users set", "[observe]") {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE((master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0));
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  {
    Logger log(LogConfig{}, terminal);
    for (int i = 0; i < 2000; ++i) log.info("filling the terminal that nobody reads");
    CHECK(log.lost() > 0);
    CHECK((::fcntl(terminal, F_GETFL) & O_NONBLOCK) == 0);
    ::fcntl(master, F_SETFL, O_NONBLOCK);
    char bytes[4096];
    std::string read;
    for (ssize_t n; (n = ::read(master, bytes, sizeof bytes)) > 0;) read.append(bytes, static_cast<std::size_t>(n));
    CHECK(read.find("filling the terminal") != std::string::npos);
    log.info("read again");
    const ssize_t n = ::read(master, bytes, sizeof bytes);
    REQUIRE(n > 0);
    const std::string later(bytes, static_cast<std::size_t>(n));
    CHECK(later.find("read again") != std::string::npos);
    CHECK((read.ends_with('\n') || later.find_first_of("\r\n") == 0));
  }
  ::close(terminal);
  ::close(master);
}
