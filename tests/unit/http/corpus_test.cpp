// SPDX-License-Identifier: Apache-2.0
// The reference corpus of raw requests, read whole and at every cut.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "unit/http/connection_reading.hpp"

using namespace siltgate;
using siltgate::test::ConnectionReading;

namespace {

/// The corpus asks about grammar; long request lines are tried elsewhere.
http::Limits wide() {
  http::Limits limits;
  limits.request_line = 64_KiB;
  return limits;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What became of a connection, in one line that must not depend on the cuts.
std::string outcome(const ConnectionReading& reading) {
  std::string out;
  for (const auto& request : reading.requests)
    out += request.head.method + ' ' + request.head.target + ' ' + request.head.host + ' ' +
           std::to_string(request.head.fields.size()) + " {" + request.body + "}\n";
  if (reading.failure) return out + "refused: " + reading.failure->detail;
  return out + (reading.incomplete() ? "incomplete" : "ended");
}

std::string read_whole(std::string_view bytes) {
  ConnectionReading reading(wide());
  reading.feed(bytes);
  return outcome(reading);
}

std::string read_cut_at(std::string_view bytes, std::size_t cut) {
  ConnectionReading reading(wide());
  reading.feed(bytes.substr(0, cut));
  reading.feed(bytes.substr(cut));
  return outcome(reading);
}

std::string read_bytewise(std::string_view bytes) {
  ConnectionReading reading(wide());
  for (std::size_t i = 0; i < bytes.size(); ++i) reading.feed(bytes.substr(i, 1));
  return outcome(reading);
}

bool refused(const std::string& outcome) { return outcome.find("refused: ") != std::string::npos; }

void check_case(const std::string& verdict, const std::string& bytes) {
  const std::string whole = read_whole(bytes);
  INFO(whole);
  if (verdict == "reject") CHECK(refused(whole));
  if (verdict == "accept") CHECK((!refused(whole) && whole.find(" HTTP") == std::string::npos && whole.find('{') != whole.npos));
  if (verdict == "incomplete") CHECK((refused(whole) || whole.find("incomplete") != std::string::npos));
  CHECK(read_bytewise(bytes) == whole);
  for (std::size_t cut = 1; cut < bytes.size() && cut < 600; ++cut) REQUIRE(read_cut_at(bytes, cut) == whole);
}

}  // namespace

TEST_CASE("raw requests of the reference corpus are judged as RFC 9112 does, at any cut", "[http]") {
  const char* corpus = std::getenv("SILTGATE_CORPUS");
  if (!corpus) {
    WARN("corpus absent: set SILTGATE_CORPUS to try the reference requests");
    return;
  }
  const std::string folder = std::string(corpus) + "/http1/";
  std::ifstream index(folder + "index.jsonl");
  int cases = 0;
  for (std::string line; std::getline(index, line); ++cases) {
    auto entry = nlohmann::json::parse(line);
    auto file = entry["file"].get<std::string>();
    INFO(file << ": " << entry["name"] << " " << entry["reasons"]);
    check_case(entry["rfc_verdict"].get<std::string>(), read_file(folder + file));
  }
  CHECK(cases > 0);
}

TEST_CASE("hostile framings are refused and sound ones read once, at any cut", "[http]") {
  const std::string post = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";
  for (std::string bytes : {post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                            post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
                            post + "Content-Length: +3\r\n\r\nabc",
                            post + "Content-Length: 3, 3\r\n\r\nabc",
                            post + "Content-Length: 99999999999999999999\r\n\r\n",
                            post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                            post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
                            post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                            post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
                            post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
                            post + "Foo : bar\r\n\r\n", post + "Foo: bar\r\n baz\r\n\r\n",
                            post + "Host: localhost\r\n\r\n", post + "A: b\nC: d\r\n\r\n",
                            std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
                            std::string("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string("\x16\x03\x01\x02", 4)})
    check_case("reject", bytes);
  for (std::string bytes : {post + "Content-Length: 3\r\n\r\nabc\r\n" + post + "Content-Length: 0\r\n\r\n",
                            post + "Transfer-Encoding: Chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n00\r\nX: y\r\n\r\n",
                            std::string("\r\nGET http://h:1/x?y HTTP/1.1\r\nHost: other\r\n\r\n")})
    check_case("accept", bytes);
}
