// SPDX-License-Identifier: Apache-2.0
#include "observe/explain.hpp"

#include "observe/hexdump.hpp"
#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

TEST_CASE("a hex dump has offsets, hex, text and a mark under the fault", "[observe]") {
  CHECK(hexdump("data: \x9f", 0x20, 0x26) ==
        "00000020  64 61 74 61 3a 20 9f                              |data: .         |\n"
        "                            ^^\n");
  CHECK(hexdump("AB", 0x1f) ==
        "00000010                                                41  |               A|\n"
        "00000020  42                                                |B               |\n");
  CHECK(hexdump("AB", 0, 99) == hexdump("AB", 0));
  CHECK(hexdump("", 5).empty());
}

TEST_CASE("the mark stands under the faulty byte at every offset", "[observe]") {
  for (std::uint64_t start = 0; start < 33; ++start)
    for (std::uint64_t fault = start; fault < start + 20; ++fault) {
      std::string bytes(20, 'a');
      bytes[fault - start] = 'Z';  // 5a
      const std::string dump = hexdump(bytes, start, fault);
      const auto mark = dump.find("^^");
      REQUIRE(mark != std::string::npos);
      const auto line_start = dump.rfind('\n', mark) + 1;
      const auto above = dump.rfind('\n', line_start - 2) + 1;
      CHECK(dump.substr(above + (line_start == 0 ? 0 : mark - line_start), 2) == "5a");
    }
}

TEST_CASE("the explanation begins with the verdict and ends with the advice", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_closed);
  r.verdict = judge(r);
  const std::string text = explain(r, false);
  CHECK(text.substr(0, text.find('\n')) ==
        "provider (likely): the provider cut the stream after 3412 bytes: it closed the connection before the answer was complete");
  std::size_t at = 0;
  for (auto part : {"\nFacts\n", "\nExchange\n", "\nTimeline", "\nAttempts\n", "\nWhat you can do\n"}) {
    INFO(part);
    at = text.find(part, at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(text.find("      850 ms  first byte from the provider\n") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(explain(r, true).find("\x1b[1;31m") == 0);
}

TEST_CASE("an attempt tells of a dead connection once, and says nothing twice", "[observe]") {
  ExchangeRecord r = failed_record(Cause::connect_failed, Phase::connect);
  r.attempts.back().resent_after = std::chrono::milliseconds(10'001);
  r.attempts.back().failure = Failure{Phase::connect, Party::network, Cause::connect_failed, Retry::safe, {111, boost::system::system_category()},
                                      "192.0.2.1:443: Connection refused"};
  const std::string text = explain(r, false);
  CHECK(text.find("the kept-alive one turned out to be dead after 10001 ms") != std::string::npos);
  CHECK(text.find("(Connection refused)") == std::string::npos);
}

TEST_CASE("an intact exchange says so in the first word", "[observe]") {
  ExchangeRecord r = sound_record();
  r.verdict = judge(r);
  CHECK(headline(r) == "intact: every check passed and every byte was delivered");
}

TEST_CASE("findings are dumped, and nothing a peer sent steers the terminal or shows a key", "[observe]") {
  ExchangeRecord r = failed_record(Cause::damaged);
  r.findings = {sample_finding(Check::utf8, Action::reject)};
  r.client = "evil\x1b[2J";
  r.failure->detail = "Bearer abcdef0123456789";
  r.attempts.back().failure = r.failure;
  r.verdict = judge(r);
  const std::string text = explain(r, false);
  CHECK(text.find("000003f0") != std::string::npos);
  CHECK(text.find("^^") != std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("abcdef0123456789") == std::string::npos);
}
