// SPDX-License-Identifier: Apache-2.0
#include "shared/resp.hpp"

#include <chrono>

#include "support/catch.hpp"

using siltgate::shared::RespReader;
using siltgate::shared::RespValue;
using Kind = RespValue::Kind;

namespace {

/// A value in words, so that two readings can be compared.
std::string words(const RespValue& v) {
  switch (v.kind) {
    case Kind::null: return "null";
    case Kind::text: return "'" + v.text + "'";
    case Kind::error: return "!" + v.text;
    case Kind::number: return std::to_string(v.number);
    default: break;
  }
  std::string out = v.kind == Kind::push ? ">(" : "(";
  for (const auto& item : v.items) out += words(item) + " ";
  return out + ")";
}

std::string read_in_pieces(std::string_view bytes, std::size_t size) {
  RespReader reader;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    reader.feed(bytes.substr(at, size));
    while (auto value = reader.next()) out += words(*value) + "\n";
  }
  return out + reader.malformed();
}

const std::string everything =
    "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhel\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n_\r\n#t\r\n#f\r\n,1.5\r\n(12345678901234567890\r\n=7\r\ntxt:abc\r\n"
    "!4\r\nOOPS\r\n*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n_\r\n%1\r\n+k\r\n:7\r\n~2\r\n+x\r\n+y\r\n|1\r\n+ttl\r\n:3\r\n+behind\r\n"
    ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n*0\r\n";
const std::string in_words =
    "'OK'\n!ERR no\n-42\n'hel\r\n'\n''\nnull\nnull\nnull\n1\n0\n'1.5'\n'12345678901234567890'\n'abc'\n!OOPS\n(1 ('a' 'b' ) null )\n"
    "('k' 7 )\n('x' 'y' )\n'behind'\n>('message' 'c' 'hi' )\n()\n";

}  // namespace

TEST_CASE("every kind of answer is read, cut anywhere", "[shared]") {
  for (std::size_t size = 1; size <= everything.size(); ++size) CHECK(read_in_pieces(everything, size) == in_words);
}

TEST_CASE("what is not the protocol is refused and says why", "[shared]") {
  for (std::string bad : {"HTTP/1.1 200 OK\r\n", "$x\r\n", "$-2\r\n", "*-3\r\n", ":1x\r\n", "$2\r\nabcd", "$99999999999\r\n", "*2000000\r\n", ":\r\n"}) {
    RespReader reader;
    reader.feed(bad);
    CHECK_FALSE(reader.next());
    CHECK(reader.malformed() != "");
    reader.feed("+OK\r\n");
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("answers are bounded in depth, items and bytes", "[shared]") {
  RespReader deep;
  for (int i = 0; i < 20; ++i) deep.feed("*1\r\n");
  CHECK_FALSE(deep.next());
  CHECK(deep.malformed() == "lists are nested too deeply");
  RespReader wide;  // lists of lists, each within its own bound
  wide.feed("*1000000\r\n");
  for (int i = 0; i < 60; ++i) wide.feed("*40000\r\n"), wide.feed([] {
    std::string ones;
    for (int k = 0; k < 40000; ++k) ones += ":1\r\n";
    return ones;
  }());
  CHECK_FALSE(wide.next());
  CHECK(wide.malformed() == "a list is over its bound");
  RespReader endless;
  endless.feed("+" + std::string(RespReader::most_bytes + 1, 'x'));
  CHECK_FALSE(endless.next());
  CHECK(endless.malformed() == "an answer is over its bound");
}

TEST_CASE("what is there of a long list is not read again with each piece that comes", "[shared]") {
  std::string bytes = "*200000\r\n";
  for (int i = 0; i < 100000; ++i) bytes += "*2\r\n:1\r\n$4\r\nname\r\n:7\r\n";
  RespReader reader;
  const auto from = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < bytes.size(); at += 100) {
    CHECK_FALSE(reader.next());
    reader.feed(std::string_view(bytes).substr(at, 100));
  }
  const auto value = reader.next();
  CHECK(std::chrono::steady_clock::now() - from < std::chrono::seconds(20));  // again and again: minutes
  REQUIRE(value);
  REQUIRE(value->items.size() == 200000);
  CHECK(value->items[199998].items.at(1).text == "name");
  CHECK(value->items[199999].as_number() == 7);
}

TEST_CASE("a command is an array of counted strings", "[shared]") {
  CHECK(siltgate::shared::resp_command({"SET", "", "a\r\nb"}) == "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n");
}
