// SPDX-License-Identifier: Apache-2.0
#include "flow/fault_rows.hpp"

#include <fmt/format.h>

#include "http/forward.hpp"
#include "support/packed.hpp"

namespace siltgate::test {
namespace {

const std::string messages = "/v1/messages";
const std::string responses = "/v1/responses";

std::string chat_start() { return chat_event("one") + chat_event("two \xe7\x8b\x90"); }
std::string chat_end() { return chat_finish() + std::string(chat_done); }

/// A chunk with no more than this delta, as providers other than Z.AI write them.
std::string delta(std::string_view inside) {
  return fmt::format("data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{{}}}}}]}}\n\n", inside);
}

std::string named(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, rest);
}

std::string message_start() {
  auto events = message_events("Hello");
  events.resize(3);
  return joined(events);
}

std::string response_start(std::string_view id = "resp_1") {
  return named("response.created", fmt::format(R"(,"sequence_number":0,"response":{{"id":"{}","status":"in_progress"}})", id)) +
         named("response.output_text.delta", R"(,"sequence_number":1,"output_index":0,"delta":"Hi")");
}

/// The bytes come, and the body ends properly behind them.
std::function<void(Sender&)> bytes(std::string fault) {
  return [fault](Sender& to) {
    to.chunks(fault);
    to.exchange().end_stream();
  };
}

std::function<void(Sender&)> broken(std::string fault, End how) {
  return [fault, how](Sender& to) {
    if (!fault.empty()) to.chunks(fault);
    how == End::fin ? to.exchange().close() : to.exchange().reset();
  };
}

std::function<void(Sender&)> answer(int status, std::string type, std::string body) {
  return [=](Sender& to) { to.answer(status, type, body); };
}

FaultRow row(const char* what, std::string before, std::function<void(Sender&)> then, const char* cause) {
  FaultRow out;
  out.what = what;
  out.before = std::move(before);
  out.then = std::move(then);
  out.cause = cause;
  return out;
}

FaultRow at(std::string path, FaultRow out) {
  out.path = std::move(path);
  return out;
}

/// The same, whose fault is delivered, for it is the provider's own word.
FaultRow passed(FaultRow out, std::string more, Ends ends) {
  out.more = std::move(more);
  out.ends = ends;
  return out;
}

FaultRow refused(FaultRow out, int status) {
  out.ends = Ends::refused;
  out.status = status;
  return out;
}

FaultRow intact(FaultRow out, std::string more) {
  out.blame = "intact";
  return passed(std::move(out), std::move(more), Ends::clean);
}

FaultRow packed_as(const char* coding, FaultRow out) {
  out.fields = fmt::format("Content-Encoding: {}\r\n", coding);
  return out;
}

void add_damage(std::vector<FaultRow>& rows) {
  const auto chat = [&](const char* what, std::string fault, const char* cause) {
    rows.push_back(row(what, chat_start(), bytes(fault + chat_end()), cause));
  };
  const std::string sound = chat_event("three");
  const std::string half = sound.substr(0, sound.find("three") + 3);
  chat("a character torn apart", replaced(sound, "three", "\xe7\x8b"), "utf8");
  chat("a lone continuation byte", replaced(sound, "three", "t\x9f"), "utf8");
  chat("a byte that is never UTF-8", replaced(sound, "three", "t\xff"), "utf8");
  chat("a second stream inside an open string", half + chat_event("four", "chatcmpl-2"), "splice");
  chat("the id changes", chat_event("three", "chatcmpl-2"), "splice");
  chat("JSON that stops", sound.substr(0, sound.size() - 4) + "\n\n", "json");
  chat("a member twice", replaced(sound, "data: {", "data: {\"id\":\"chatcmpl-1\","), "json");
  chat("a NUL", replaced(sound, "three", std::string_view("t\0o", 3)), "sse");
  chat("debris of a line", "o\"}}]}\n" + sound, "sse");
  chat("a payload that is no object", "data: 17\n\n", "shape");
  chat("finish_reason network_error", chat_finish("network_error"), "finish");
  chat("a finish reason nobody knows", chat_finish("mood"), "finish_reason");
  chat("[DONE] without a finish reason", std::string(chat_done), "finish");
  rows.push_back(row("a second role", delta(R"("role":"assistant","content":"")") + delta(R"("content":"x")"),
                     bytes(delta(R"("role":"assistant","content":"")") + chat_finish("stop", "c")), "splice"));
  rows.push_back(at(messages, row("a second message_start", message_start(), bytes(message_start()), "splice")));
  rows.push_back(at(responses, row("a second response.created", response_start(), bytes(response_start("resp_2")), "splice")));
}

void add_ends(std::vector<FaultRow>& rows) {
  const std::string half = chat_event("never whole").substr(0, 40);
  rows.push_back(row("a clean end without a finish reason", chat_start(), bytes(""), "finish"));
  rows.push_back(row("a clean end inside an event", chat_start(), bytes(half), "finish"));
  rows.push_back(at(messages, row("a clean end without message_stop", message_start(), bytes(""), "finish")));
  rows.push_back(at(responses, row("a clean end without response.completed", response_start(), bytes(""), "finish")));
  rows.push_back(row("FIN at an event", chat_start(), broken("", End::fin), "upstream_closed"));
  rows.push_back(row("FIN inside an event", chat_start(), broken(half, End::fin), "upstream_closed"));
  rows.push_back(row("RST at an event", chat_start(), broken("", End::reset), "upstream_reset"));
  rows.push_back(row("RST inside an event", chat_start(), broken(half, End::reset), "upstream_reset"));
  rows.push_back(row("bytes that are no chunk", chat_start(), [](Sender& to) { to.raw("<html>\r\n"); }, "upstream_malformed"));
  rows.push_back(row("silence", chat_start(), [](Sender& to) { to.exchange().stall(); }, "upstream_silent"));
  auto half_done = intact(row("half a [DONE] behind the finish reason", chat_start(), bytes(chat_finish() + "data: [DO"), "repaired"), chat_finish());
  rows.push_back(half_done);
}

void add_provider_errors(std::vector<FaultRow>& rows) {
  const std::string refusal = "data: " + std::string(refusal_1302) + "\n\n";
  rows.push_back(passed(row("an error object inside the stream", chat_start(), bytes(refusal), "concurrency"), refusal, Ends::clean));
  for (const std::string& unseen : {std::string("error: {\"message\":\"decode failed\"}\n\n"),
                                    std::string("event: error\ndata: {\"message\":\"decode failed\",\"code\":\"500\"}\n\n"),
                                    std::string("data: {\"code\":500,\"msg\":\"decode failed\",\"success\":false}\n\n"),
                                    std::string("data: {\"type\":\"server_error\",\"message\":\"decode failed\"}\n\n")})
    rows.push_back(passed(row("an error in a shape that clients skip", chat_start(), bytes(unseen + std::string(chat_done)), "transient"),
                          unseen, Ends::told));
  const std::string overloaded = named("error", R"(,"error":{"type":"overloaded_error","message":"Overloaded"})");
  rows.push_back(at(messages, passed(row("event: error inside a message", message_start(), bytes(overloaded), "overloaded"), overloaded, Ends::clean)));
  const std::string failed = named("response.failed", R"(,"sequence_number":2,"response":{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"m"}})");
  rows.push_back(at(responses, passed(row("response.failed", response_start(), bytes(failed), "transient"), failed, Ends::clean)));
  rows.push_back(refused(row("status 429 with code 1302", "", answer(429, "application/json", std::string(refusal_1302)), "concurrency"), 429));
  rows.push_back(refused(row("status 401", "", answer(401, "application/json", R"({"error":{"message":"bad key","code":"1000"}})"), "auth"), 401));
}

void add_other_bodies(std::vector<FaultRow>& rows) {
  const std::string json = R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]})";
  rows.push_back(refused(row("an HTML page", "", answer(200, "text/html", "<html><body>Log in</body></html>"), "content_type"), 502));
  rows.push_back(refused(row("JSON to a stream request", "", answer(200, "application/json", json), "content_type"), 502));
  const std::string sound = chat_start() + chat_end();
  const std::string gzip = packed(sound, Packing::gzip);
  rows.push_back(packed_as("gzip", intact(row("gzip in spite of identity", "", bytes(gzip), "intact"), sound)));
  rows.push_back(packed_as("deflate", intact(row("deflate in spite of identity", "", bytes(packed(sound, Packing::zlib)), "intact"), sound)));
  rows.push_back(packed_as("deflate", intact(row("deflate without its wrapper", "", bytes(packed(sound, Packing::raw)), "intact"), sound)));
  const std::string open = packed_open(chat_start());
  rows.push_back(packed_as("gzip", passed(row("gzip that stops", "", bytes(open), "finish"), chat_start(), Ends::told)));
  rows.push_back(packed_as("gzip", passed(row("gzip that is corrupt", "", bytes(open + std::string(40, '\xff')), "content_type"), chat_start(), Ends::told)));
  rows.push_back(packed_as("gzip", refused(row("no gzip in spite of its name", "", bytes(sound), "content_type"), 502)));
  const std::string torn = packed(chat_start() + replaced(chat_event("three"), "three", "\xe7\x8b") + chat_end(), Packing::gzip);
  rows.push_back(packed_as("gzip", passed(row("a torn character inside gzip", "", bytes(torn), "utf8"), chat_start(), Ends::told)));
  auto brotli = intact(row("brotli", "", bytes("\x8b\x01\x80Hi\x03"), "unchecked"), "\x8b\x01\x80Hi\x03");
  brotli.certainty = "likely";
  rows.push_back(packed_as("br", brotli));
}

}  // namespace

std::string_view Sender::piece_of(std::string_view& bytes) {
  std::size_t size = bytes.size();
  if (cutting_ == Cutting::bytes) size = 1;
  if (cutting_ == Cutting::random) size = std::min<std::size_t>(bytes.size(), 1 + random_() % 60);
  const std::string_view piece = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return piece;
}

void Sender::chunks(std::string_view bytes) {
  while (!bytes.empty()) exchange_.chunk(piece_of(bytes));
}

void Sender::raw(std::string_view bytes) {
  while (!bytes.empty()) exchange_.send(piece_of(bytes));
}

void Sender::answer(int status, std::string_view type, std::string_view body) {
  exchange_.send(fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", status, http::reason_phrase(status),
                             type, body.size()));
  raw(body);
}

std::vector<FaultRow> fault_rows() {
  std::vector<FaultRow> rows;
  add_damage(rows);
  add_ends(rows);
  add_provider_errors(rows);
  add_other_bodies(rows);
  return rows;
}

}  // namespace siltgate::test
