// SPDX-License-Identifier: Apache-2.0
#include "http/error_reply.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::http;
using nlohmann::json;

namespace {

Failure failure(Cause cause, Phase phase = Phase::admit, Party party = Party::siltgate, std::string detail = "") {
  Failure out;
  out.cause = cause;
  out.phase = phase;
  out.party = party;
  out.detail = std::move(detail);
  return out;
}

std::vector<Failure> all_failures() {
  std::vector<Failure> out;
  for (int cause = 0; cause <= static_cast<int>(Cause::bug); ++cause)
    for (int phase = 0; phase <= static_cast<int>(Phase::relay_body); ++phase)
      out.push_back(failure(static_cast<Cause>(cause), static_cast<Phase>(phase), Party::provider));
  return out;
}

json data_of(const std::string& event) {
  REQUIRE(event.substr(event.size() - 2) == "\n\n");
  auto at = event.find("data: ") + 6;
  return json::parse(event.substr(at, event.size() - 2 - at));
}

}  // namespace

TEST_CASE("statuses come from the table and are never 413 or 429", "[http]") {
  const std::set<int> known{400, 403, 404, 405, 408, 414, 431, 501, 502, 503, 504};
  for (const auto& each : all_failures()) CHECK(known.count(status_of(each)) == 1);
  CHECK(status_of(failure(Cause::queue_full)) == 503);
  CHECK(status_of(failure(Cause::draining)) == 503);
  CHECK(status_of(failure(Cause::repeat)) == 503);
  CHECK(status_of(failure(Cause::body_too_large)) == 400);
  CHECK(status_of(failure(Cause::line_too_long)) == 414);
  CHECK(status_of(failure(Cause::head_too_large)) == 431);
  CHECK(status_of(failure(Cause::upstream_silent)) == 504);
  CHECK(status_of(failure(Cause::damaged)) == 502);
  CHECK(status_of(failure(Cause::bad_request, Phase::route)) == 405);
  CHECK(status_of(failure(Cause::bad_request, Phase::read_request)) == 400);
}

TEST_CASE("a message names the culprit, the fault, the deed and the id", "[http]") {
  CHECK(error_message(failure(Cause::upstream_silent, Phase::read_head, Party::provider, "no byte for 600 s"),
                      "tried 3 times", "sg_abc") == "provider: no byte for 600 s. siltgate tried 3 times. [sg_abc]");
  CHECK(error_message(failure(Cause::queue_full), "", "sg_abc") == "siltgate: the queue is full. [sg_abc]");
}

TEST_CASE("no message can be read as a context overflow or a refusal by rate", "[http]") {
  const char* traps[] = {"too large", "too long", "exceed", "context", "maximum", "rate limit", " 413", " 429", "\n"};
  for (auto each : all_failures())
    for (std::string detail : {"", "HTTP 429 after 413\nbytes", "Body TOO LARGE: exceeds the limit of 5, Context window too long",
                               "maximum context length is 8 tokens, rate limit exceeded"}) {
      each.detail = detail;
      auto message = error_message(each, detail, "sg_1");
      INFO(message);
      for (auto trap : traps) CHECK(message.find(trap) == std::string::npos);
    }
  CHECK(error_message(failure(Cause::damaged, Phase::relay_body, Party::provider, "at byte 14290"), "", "i").find("14290") !=
        std::string::npos);
}

TEST_CASE("error bodies speak the client's dialect in strings", "[http]") {
  auto openai = make_error_reply(failure(Cause::queue_full), Dialect::openai_chat, "", "sg_1", std::chrono::seconds(7));
  auto error = json::parse(openai.body)["error"];
  CHECK(openai.status == 503);
  CHECK(openai.fields.find("Retry-After") == "7");
  CHECK(openai.fields.find("Content-Type") == "application/json");
  CHECK(error["type"] == "server_error");
  CHECK(error["code"] == "queue_full");
  for (auto& value : error) CHECK(value.is_string());
  auto anthropic = make_error_reply(failure(Cause::queue_full), Dialect::anthropic_messages, "", "sg_1", {});
  auto body = json::parse(anthropic.body);
  CHECK(body["type"] == "error");
  CHECK(body["error"]["type"] == "overloaded_error");
  CHECK_FALSE(anthropic.fields.find("Retry-After"));
  auto odd = make_error_reply(failure(Cause::damaged, Phase::relay_body, Party::provider, "\xff\x80"), Dialect::none, "", "i", {});
  CHECK(json::accept(odd.body));
}

TEST_CASE("Proxy-Status uses the words of RFC 9209", "[http]") {
  CHECK(proxy_status_value(failure(Cause::resolve_failed)) == "siltgate; error=dns_error; details=\"resolve_failed\"");
  auto refused = failure(Cause::connect_failed);
  refused.system = make_error_code(boost::system::errc::connection_refused);
  CHECK(proxy_status_value(refused).find("error=connection_refused;") != std::string::npos);
  CHECK(proxy_status_value(failure(Cause::upstream_reset, Phase::relay_body)).find("http_response_incomplete") !=
        std::string::npos);
  CHECK(proxy_status_value(failure(Cause::tls_failed, Phase::connect, Party::provider, "certificate has expired"))
            .find("tls_certificate_error") != std::string::npos);
}

TEST_CASE("a failed stream says so in one event of its dialect", "[http]") {
  auto broken = failure(Cause::upstream_reset, Phase::relay_body, Party::network);
  auto chat = stream_error_event(broken, Dialect::openai_chat, "", "sg_1");
  CHECK(chat.substr(0, 6) == "data: ");
  CHECK(data_of(chat)["error"]["type"] == "server_error");
  CHECK(data_of(chat)["error"]["param"].is_null());
  CHECK(data_of(chat)["error"]["code"] == "upstream_reset");
  auto responses = stream_error_event(broken, Dialect::openai_responses, "", "sg_1");
  CHECK(responses.substr(0, 13) == "event: error\n");
  CHECK(data_of(responses)["type"] == "error");
  CHECK(data_of(responses)["code"] == "upstream_reset");
  CHECK(data_of(responses)["error"]["type"] == "server_error");
  auto anthropic = stream_error_event(broken, Dialect::anthropic_messages, "", "sg_1");
  CHECK(anthropic.substr(0, 13) == "event: error\n");
  CHECK(data_of(anthropic)["error"]["type"] == "overloaded_error");
}

TEST_CASE("heartbeats are a comment line, or ping events for Anthropic", "[http]") {
  CHECK(heartbeat_event(Dialect::openai_chat) == ": siltgate\n");
  CHECK(data_of(heartbeat_event(Dialect::anthropic_messages))["type"] == "ping");
}

TEST_CASE("a WebSocket upgrade is answered 501 with the way back to HTTP", "[http]") {
  auto reply = make_error_reply({Phase::route, Party::client, Cause::websocket_unsupported, Retry::never, {}, ""},
                                Dialect::openai_responses, "", "sg_1", {});
  CHECK(reply.status == 501);
  CHECK(reply.body.find("plain HTTP POST") != std::string::npos);
}
