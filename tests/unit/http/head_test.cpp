// SPDX-License-Identifier: Apache-2.0
#include "http/head.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;
using Kind = BodyFraming::Kind;

namespace {

Result<RequestHead> request(const std::string& text) { return parse_request_head(text, Limits{}); }

ResponseHead response(const std::string& text, bool to_head = false) {
  auto head = parse_response_head(text, to_head, Limits{});
  REQUIRE(head.has_value());
  return *head;
}

Cause scanned(const std::string& text) {
  HeadScanner scanner;
  auto size = scanner.scan(text, Limits{});
  return size ? Cause::none : size.error().cause;
}

}  // namespace

TEST_CASE("a request head is read field by field", "[http]") {
  auto head = request("POST /v1/x?a=b HTTP/1.1\r\nhost: localhost:4290\r\nX-A: 1 \r\nx-a:\t2\r\nContent-Length: 7\r\n"
                      "Expect: 100-Continue\r\nConnection: foo, Close\r\n\r\n");
  REQUIRE(head.has_value());
  CHECK(head->method == "POST");
  CHECK(head->target == "/v1/x?a=b");
  CHECK(head->host == "localhost:4290");
  CHECK(head->fields.find("X-a") == "1");
  CHECK(head->fields.count("x-A") == 2);
  CHECK(head->framing.kind == Kind::length);
  CHECK(head->framing.length == 7);
  CHECK(head->expects_continue);
  CHECK(head->wants_close);
  CHECK_FALSE(head->upgrade_websocket);
}

TEST_CASE("the four target forms are told apart", "[http]") {
  CHECK(request("GET http://a.b:80/x HTTP/1.1\r\nHost: c\r\n\r\n")->host == "a.b:80");
  CHECK(request("GET http://a.b?q HTTP/1.1\r\nHost: c\r\n\r\n")->target == "/?q");
  CHECK(request("OPTIONS * HTTP/1.1\r\nHost: c\r\n\r\n")->target == "*");
  CHECK(request("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n")->method == "CONNECT");
  for (auto target : {"*", "x", "a.b:443", "ftp://a/", "http://", "http://u@h/", "/a#b", "/\xc3\xa9", "http:///x"})
    CHECK(request("GET " + std::string(target) + " HTTP/1.1\r\nHost: c\r\n\r\n").has_error());
}

TEST_CASE("a WebSocket upgrade is recognised", "[http]") {
  CHECK(request("GET /r HTTP/1.1\r\nHost: c\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
            ->upgrade_websocket);
  CHECK_FALSE(request("GET /r HTTP/1.1\r\nHost: c\r\nUpgrade: websocket\r\n\r\n")->upgrade_websocket);
}

TEST_CASE("bounds of a head are named by their own causes", "[http]") {
  const std::string line = "GET / HTTP/1.1\r\n";
  CHECK(scanned("GET /" + std::string(8200, 'a')) == Cause::line_too_long);
  CHECK(scanned(line + "A: " + std::string(65536, 'b')) == Cause::head_too_large);
  std::string many = line;
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  CHECK(scanned(many) == Cause::head_too_large);
  CHECK(scanned(std::string("GET / HTTP/1.1\r\nA: \0", 20)) == Cause::bad_request);
  std::string longest = "GET /" + std::string(8192 - 14, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(scanned(longest) == Cause::none);
  CHECK(request(longest).has_value());
}

TEST_CASE("a head within the bounds never throws in Beast", "[http]") {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
  for (std::size_t room : {65536 - start.size() - 4, std::size_t{65535}, std::size_t{65536}, std::size_t{70000}})
    CHECK_NOTHROW(request(start + std::string(room, 'b') + "\r\n\r\n"));
}

TEST_CASE("a refused head says which line or field and what to do", "[http]") {
  CHECK(request("GET / HTTP/1.1\r\nHost: x\r\nFoo : y\r\n\r\n").error().detail ==
        "line 3 of the head has white space before the colon of Foo; remove it");
  CHECK(request("GET / HTTP/1.1\r\n\r\n").error().detail == "Host is missing; HTTP/1.1 needs exactly one");
}

TEST_CASE("the framing of a response follows its status and its request", "[http]") {
  CHECK(response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").framing.kind == Kind::chunked);
  CHECK(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").framing.length == 5);
  CHECK(response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).framing.kind == Kind::none);
  CHECK(response("HTTP/1.1 204 \r\n\r\n").framing.kind == Kind::none);
  CHECK(response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").framing.kind == Kind::none);
  auto open_ended = response("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(open_ended.framing.kind == Kind::until_close);
  CHECK(open_ended.wants_close);
  CHECK_FALSE(response("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").wants_close);
}

TEST_CASE("a malformed response head is the provider's fault", "[http]") {
  for (auto text : {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
                    "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ""}) {
    auto head = parse_response_head(text, false, Limits{});
    REQUIRE(head.has_error());
    CHECK(head.error().party == Party::provider);
    CHECK(head.error().cause == Cause::upstream_malformed);
  }
}

TEST_CASE("fields keep their order and forget erased names", "[http]") {
  Fields fields;
  fields.add("A", "1");
  fields.add("b", "2");
  fields.add("a", "3");
  CHECK(fields[2].value == "3");
  fields.erase("A");
  CHECK(fields.size() == 1);
  CHECK(fields[0].name == "b");
  CHECK_FALSE(fields.find("a"));
}
