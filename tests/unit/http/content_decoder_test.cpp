// SPDX-License-Identifier: Apache-2.0
#include "http/content_decoder.hpp"

#include <zlib.h>

#include <random>

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;

namespace {

enum Wrapper { gzip_wrapper = 15 + 16, zlib_wrapper = 15, no_wrapper = -15 };

/// `parts` compressed as one body with a flush behind each: the bytes of each.
std::vector<std::string> pieces_of(const std::vector<std::string>& parts, int wrapper) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, wrapper, 8, Z_DEFAULT_STRATEGY);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string buffer(deflateBound(&stream, parts[i].size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(parts[i].data()));
    stream.avail_in = static_cast<uInt>(parts[i].size());
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    deflate(&stream, i + 1 == parts.size() ? Z_FINISH : Z_SYNC_FLUSH);
    out.push_back(buffer.substr(0, buffer.size() - stream.avail_out));
  }
  deflateEnd(&stream);
  return out;
}

std::string packed(const std::string& text, int wrapper) { return pieces_of({text}, wrapper).front(); }

struct Decoded {
  std::string text;
  bool ended = false;
  std::string wrong;
};

/// Fed in pieces of `size`, taken in pieces of `most`.
Decoded decode(ContentCoding coding, std::string_view bytes, std::size_t size, std::size_t most = 4096) {
  ContentDecoder decoder(coding);
  Decoded out;
  std::string buffer(most, '\0');
  while (!bytes.empty() || decoder.holds_more()) {
    if (!decoder.holds_more()) {
      decoder.give(bytes.substr(0, size));
      bytes.remove_prefix(std::min(size, bytes.size()));
    }
    auto taken = decoder.take(buffer);
    if (!taken) {
      out.wrong = taken.error().detail;
      return out;
    }
    out.text.append(buffer, 0, *taken);
  }
  out.ended = decoder.ended();
  return out;
}

std::string text_of(std::size_t size) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += "data: {\"n\":" + std::to_string(random() % 1000) + "}\n\n";
  return text;
}

Fields with(std::string_view value) {
  Fields fields;
  fields.add("content-encoding", value);
  return fields;
}

}  // namespace

TEST_CASE("gzip and both kinds of deflate come out as they went in, at any cut", "[http]") {
  const std::string text = text_of(20'000);
  for (auto [coding, wrapper] : {std::pair{ContentCoding::gzip, gzip_wrapper}, {ContentCoding::deflate, zlib_wrapper},
                                 {ContentCoding::deflate, no_wrapper}}) {
    const std::string bytes = packed(text, wrapper);
    for (std::size_t size : {std::size_t{1}, std::size_t{7}, bytes.size()})
      for (std::size_t most : {std::size_t{1}, std::size_t{333}, std::size_t{65536}}) {
        const Decoded out = decode(coding, bytes, size, most);
        INFO(wrapper << " " << size << " " << most << " " << out.wrong);
        CHECK(out.text == text);
        CHECK(out.ended);
      }
  }
}

TEST_CASE("every event comes out with the flush behind it, without the next", "[http]") {
  std::vector<std::string> events;
  for (int i = 0; i < 20; ++i) events.push_back("data: {\"event\":" + std::to_string(i) + "}\n\n");
  for (auto [coding, wrapper] : {std::pair{ContentCoding::gzip, gzip_wrapper}, {ContentCoding::deflate, no_wrapper}}) {
    ContentDecoder decoder(coding);
    std::string buffer(4096, '\0');
    std::size_t i = 0;
    for (const std::string& piece : pieces_of(events, wrapper)) {
      decoder.give(piece);
      auto taken = decoder.take(buffer);
      REQUIRE(taken);
      CHECK(buffer.substr(0, *taken) == events[i++]);
      CHECK_FALSE(decoder.holds_more());
    }
    CHECK(decoder.ended());
  }
}

TEST_CASE("data that stops early has not ended, at any cut", "[http]") {
  const std::string text = text_of(500);
  for (auto [coding, wrapper] : {std::pair{ContentCoding::gzip, gzip_wrapper}, {ContentCoding::deflate, zlib_wrapper}}) {
    const std::string bytes = packed(text, wrapper);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const Decoded out = decode(coding, bytes.substr(0, cut), 50);
      CHECK(out.wrong.empty());
      CHECK_FALSE(out.ended);
      CHECK(text.starts_with(out.text));
    }
  }
}

TEST_CASE("a changed byte of gzip is found, and what stands before it comes out", "[http]") {
  const std::string text = text_of(3000);
  const std::string sound = packed(text, gzip_wrapper);
  for (std::size_t at = 10; at < sound.size(); at += 5) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    const Decoded out = decode(ContentCoding::gzip, bytes, 40);
    INFO("at " << at);
    CHECK((!out.wrong.empty() || !out.ended));
    CHECK(out.text.size() <= text.size() + 4096);
  }
  const Decoded plain = decode(ContentCoding::gzip, text, 40);
  CHECK(plain.wrong.find("announced as gzip") != std::string::npos);
}

TEST_CASE("gzip may have several members, garbage behind the end is a fault", "[http]") {
  const std::string two = packed("one ", gzip_wrapper) + packed("two", gzip_wrapper);
  for (std::size_t size : {std::size_t{1}, std::size_t{5}, two.size()}) CHECK(decode(ContentCoding::gzip, two, size).text == "one two");
  CHECK_FALSE(decode(ContentCoding::gzip, two + "x!", 5).wrong.empty());
  CHECK_FALSE(decode(ContentCoding::deflate, packed("a", zlib_wrapper) + "x", 3).wrong.empty());
}

TEST_CASE("data that grows beyond the bound is refused before it has cost memory", "[http]") {
  const std::string bomb = packed(std::string(64'000'000, ' '), gzip_wrapper);
  const Decoded out = decode(ContentCoding::gzip, bomb, 1000);
  CHECK(out.wrong.find("512 times") != std::string::npos);
  CHECK(out.text.size() < 2'000'000);
  // A model in a loop packs well, too, and is no bomb.
  std::string loop;
  for (int i = 0; i < 20'000; ++i) loop += "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\" the\"}}]," + std::to_string(i) + "}\n\n";
  CHECK(decode(ContentCoding::gzip, packed(loop, gzip_wrapper), 5000).text == loop);
}

TEST_CASE("the content-coding is read from the fields", "[http]") {
  CHECK(content_coding(Fields{}) == ContentCoding::identity);
  for (auto none : {"identity", "none", "UTF-8", "utf8", ""}) CHECK(content_coding(with(none)) == ContentCoding::identity);
  CHECK(content_coding(with(" GZIP ")) == ContentCoding::gzip);
  CHECK(content_coding(with("x-gzip")) == ContentCoding::gzip);
  CHECK(content_coding(with("deflate")) == ContentCoding::deflate);
  for (const char* foreign : {"br", "zstd", "gzip, gzip", "deflate, br"}) CHECK(content_coding(with(foreign)) == ContentCoding::foreign);
  Fields fields = with("gzip");
  fields.add("Content-Length", "5");
  fields.add("Content-Type", "text/event-stream");
  forget_content_coding(fields);
  CHECK(fields.size() == 1);
}
