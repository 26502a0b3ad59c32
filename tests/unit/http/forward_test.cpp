// SPDX-License-Identifier: Apache-2.0
#include "http/forward.hpp"

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;
using Kind = BodyFraming::Kind;

namespace {

RequestHead request(std::string_view method, const std::string& fields) {
  auto head = parse_request_head(std::string(method) + " /v1/x HTTP/1.1\r\nHost: localhost:4290\r\n" + fields + "\r\n", {});
  REQUIRE(head.has_value());
  return *head;
}

UpstreamTarget target(std::uint64_t size) {
  UpstreamTarget out;
  out.host_header = "api.z.ai";
  out.target = "/api/paas/v4/x?b=c";
  out.body_size = size;
  return out;
}

ResponseHead response(const std::string& text, bool to_head = false) {
  auto head = parse_response_head(text, to_head, {});
  REQUIRE(head.has_value());
  return *head;
}

}  // namespace

TEST_CASE("a request goes upstream with its own fields and one framing", "[http]") {
  auto head = request("POST",
                      "User-Agent: opencode/1.18.33\r\nAuthorization: Bearer k\r\nConnection: keep-alive, X-Hop\r\n"
                      "X-Hop: 1\r\nTE: trailers\r\nExpect: 100-continue\r\nAccept-Encoding: gzip, br\r\n"
                      "siltgate-class: background\r\nProxy-Authorization: x\r\nanthropic-beta: a\r\nanthropic-beta: b\r\n"
                      "Transfer_Encoding: chunked\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\n");
  CHECK(upstream_head(head, target(7)) ==
        "POST /api/paas/v4/x?b=c HTTP/1.1\r\nHost: api.z.ai\r\nUser-Agent: opencode/1.18.33\r\nAuthorization: Bearer k\r\n"
        "anthropic-beta: a\r\nanthropic-beta: b\r\nAccept-Encoding: identity\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("only bodies and body methods get a Content-Length", "[http]") {
  CHECK(upstream_head(request("GET", ""), target(0)).find("Content-Length") == std::string::npos);
  CHECK(upstream_head(request("POST", ""), target(0)).find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(upstream_head(request("DELETE", ""), target(2)).find("Content-Length: 2\r\n") != std::string::npos);
}

TEST_CASE("a configured key replaces every credential of the client", "[http]") {
  auto head = request("POST", "authorization: Bearer theirs\r\nX-Api-Key: theirs\r\n");
  auto own = target(0);
  own.bearer = "ours\r\nEvil: 1";
  auto out = upstream_head(head, own);
  CHECK(out.find("theirs") == std::string::npos);
  CHECK(out.find("Authorization: Bearer oursEvil: 1\r\n") != std::string::npos);
  own.bearer.reset();
  own.x_api_key = "ours";
  out = upstream_head(head, own);
  CHECK(out.find("theirs") == std::string::npos);
  CHECK(out.find("x-api-key: ours\r\n") != std::string::npos);
}

TEST_CASE("a response goes to the client without hop-by-hop fields and with siltgate's marks", "[http]") {
  auto head = response("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: r1\r\nKeep-Alive: timeout=5\r\n"
                       "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n"
                       "Alt-Svc: h3\r\nsiltgate-id: forged\r\nVia: 1.1 other\r\n\r\n");
  ResponseMarks marks{"sg_1", "queue;dur=2", "siltgate", true};
  CHECK(client_head(head, {Kind::chunked, 0}, marks) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: r1\r\nVia: 1.1 other\r\n"
        "Transfer-Encoding: chunked\r\nVia: 1.1 siltgate\r\nsiltgate-id: sg_1\r\nServer-Timing: queue;dur=2\r\n"
        "Proxy-Status: siltgate\r\nConnection: close\r\n\r\n");
  CHECK(client_head(head, {Kind::until_close, 0}, {}).find("Connection: close\r\n\r\n") != std::string::npos);
}

TEST_CASE("the length of an answer to HEAD stays, that of a 204 does not", "[http]") {
  auto to_head = response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true);
  CHECK(client_head(to_head, {}, {}).find("Content-Length: 5\r\n") != std::string::npos);
  auto empty = response("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
  CHECK(client_head(empty, {}, {}).find("Content-Length") == std::string::npos);
  auto sized = client_head(to_head, {Kind::length, 9}, {});
  CHECK(sized.find("Content-Length: 9\r\n") != std::string::npos);
  CHECK(sized.find("Content-Length: 5\r\n") == std::string::npos);
}

TEST_CASE("siltgate's own heads parse as responses", "[http]") {
  Fields extra;
  extra.add("Content-Type", "application/json");
  auto head = response(own_head(503, extra, {Kind::length, 2}, {"sg_1", "", "", false}));
  CHECK(head.status == 503);
  CHECK(head.reason == "Service Unavailable");
  CHECK(head.framing.length == 2);
  CHECK(head.fields.find("Via") == "1.1 siltgate");
  CHECK(reason_phrase(299).empty());
}

TEST_CASE("chunk size lines are hexadecimal", "[http]") {
  char out[18];
  CHECK(std::string(out, chunk_header(0x1a3, out)) == "1a3\r\n");
  CHECK(std::string(out, chunk_header(~0ull, out)) == "ffffffffffffffff\r\n");
}
