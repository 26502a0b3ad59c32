// SPDX-License-Identifier: Apache-2.0
#include "http/body_decoder.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;
using Kind = BodyFraming::Kind;

namespace {

struct Read {
  std::string body;
  std::size_t used = 0;
  bool refused = false, done = false;
  bool operator==(const Read&) const = default;
};

/// Decodes `bytes` given in pieces that end at the cuts.
Read decode(BodyFraming framing, std::string_view bytes, std::vector<std::size_t> cuts = {}) {
  BodyDecoder decoder(framing);
  Read read;
  cuts.push_back(bytes.size());
  std::size_t from = 0;
  for (std::size_t cut : cuts) {
    std::string piece(bytes.substr(from, cut - from));
    auto decoded = decoder.decode(std::span<char>(piece.data(), piece.size()));
    if (!decoded) {
      read.refused = true;
      return read;
    }
    read.body += decoded->payload;
    read.used += decoded->used;
    from = cut;
  }
  read.done = decoder.done();
  return read;
}

const BodyFraming chunked{Kind::chunked, 0};

}  // namespace

TEST_CASE("a chunked body is the same at every pair of cuts", "[http]") {
  const std::string bytes = "5\r\nhello\r\n00A;x=y\r\n0123456789\r\n1 ; q\r\n!\r\n0\r\nT: v\r\nU:\r\n\r\nnext";
  const Read whole = decode(chunked, bytes);
  CHECK(whole.body == "hello0123456789!");
  CHECK(whole.done);
  CHECK(whole.used == bytes.size() - 4);
  for (std::size_t a = 0; a <= bytes.size(); ++a)
    for (std::size_t b = a; b <= bytes.size(); ++b) REQUIRE(decode(chunked, bytes, {a, b}) == whole);
}

TEST_CASE("a body of known length takes exactly its bytes", "[http]") {
  auto read = decode({Kind::length, 3}, "abcd");
  CHECK(read.body == "abc");
  CHECK(read.used == 3);
  CHECK(read.done);
  CHECK_FALSE(decode({Kind::length, 5}, "abcd").done);
  CHECK(BodyDecoder({Kind::length, 0}).done());
  CHECK(BodyDecoder({Kind::none, 0}).done());
  CHECK_FALSE(BodyDecoder({Kind::length, 1}).complete_at_close());
}

TEST_CASE("a body framed by close ends properly at a FIN", "[http]") {
  BodyDecoder decoder({Kind::until_close, 0});
  CHECK(decode({Kind::until_close, 0}, "any\r\n0\r\n").body == "any\r\n0\r\n");
  CHECK_FALSE(decoder.done());
  CHECK(decoder.complete_at_close());
  CHECK_FALSE(BodyDecoder(chunked).complete_at_close());
}

TEST_CASE("every deviation from the chunk grammar is refused at any cut", "[http]") {
  for (std::string_view bytes :
       {"\r\n", "g\r\n", "-1\r\n", " 5\r\n", "5 \r\nhello\r\n", "5\nhello\r\n", "5\rhello", "5\r\nhello\n", "5\r\nhelloX",
        "5\r\nhello\r\n\r\n", "0\r\n T: v\r\n", "0\r\n: v\r\n", "0\r\nT v\r\n", "0\r\nT: v\n", "0\r\nT: \x01\r\n",
        "8000000000000000\r\n", "5;a=\x7f\r\nhello"}) {
    INFO(bytes);
    CHECK(decode(chunked, bytes).refused);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) CHECK(decode(chunked, bytes, {cut}).refused);
  }
  CHECK_FALSE(decode(chunked, "7fffffffffffffff\r\nx").refused);
}

TEST_CASE("chunk framing without data is bounded, framing that data pays for is not", "[http]") {
  CHECK(decode(chunked, "5;" + std::string(20'000, 'a')).refused);
  CHECK(decode(chunked, std::string(20'000, '0')).refused);
  CHECK(decode(chunked, "0\r\nT: " + std::string(20'000, 'a')).refused);
  std::string small, costly;
  for (int i = 0; i < 20'000; ++i) small += "1\r\na\r\n";
  for (int i = 0; i < 2'000; ++i) costly += "1;" + std::string(100, 'e') + "\r\na\r\n";
  CHECK(decode(chunked, small).body.size() == 20'000);
  CHECK(decode(chunked, costly).refused);
}
