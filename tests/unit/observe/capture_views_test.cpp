// SPDX-License-Identifier: Apache-2.0
#include "observe/capture_views.hpp"

#include <nlohmann/json.hpp>

#include "observe/capture_exports.hpp"
#include "unit/observe/sample_capture.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A capture of one attempt with this body, in reads of `step` bytes.
Capture capture_of(const std::string& body, std::size_t step = 10, Dialect dialect = Dialect::openai_chat, const std::string& prompt = "") {
  CaptureMaker maker;
  ExchangeRecord record = sound_record();
  record.dialect = dialect;
  record.request_bytes = 100;
  maker.head(record);
  if (!prompt.empty()) maker.request_body(prompt);
  maker.response();
  for (std::size_t at = 0; at < body.size(); at += step) maker.read(std::string_view(body).substr(at, step));
  maker.delivered_again(0, body.size());
  maker.line("\"type\":\"body_end\"");
  maker.line(end_members(nullptr));
  maker.tail(record);
  return maker.read_back();
}

std::string chat_of(const std::string& body, Dialect dialect) {
  const Capture capture = capture_of(body, 7, dialect);
  return view_chat(capture, *capture.attempt());
}

}  // namespace

TEST_CASE("events of a capture are numbered as the checks number them, whatever the reads were", "[observe]") {
  const std::string body = ": hello\n\ndata: {\"a\":1}\n\nevent: x\r\n\r\nid: 7\ndata: two\ndata: lines\n\ndata: cut";
  for (std::size_t step = 1; step < 30; ++step) {
    const Capture capture = capture_of(body, step);
    std::vector<CapturedEvent> events = events_of(*capture.attempt());
    REQUIRE(events.size() == 5);
    CHECK(events[0].comment);
    CHECK(events[1].number == 1);
    CHECK(events[1].offset == 9);
    CHECK(events[1].data == "{\"a\":1}");
    CHECK(events[2].number == 0);
    CHECK(events[2].name == "x");
    CHECK(events[3].number == 2);
    CHECK(events[3].data == "two\nlines");
    CHECK(events[4].number == 3);
    CHECK(events[4].open);
  }
}

TEST_CASE("the list of events shows findings and makes control characters visible", "[observe]") {
  CaptureMaker maker;
  maker.head();
  maker.response();
  maker.read("data: ok\n\ndata: \x1b[31mred\x1b]0;title\x07\n\n");
  Finding finding = sample_finding(Check::utf8, Action::reject);
  finding.event = 2;
  maker.line(finding_members(finding));
  const Capture capture = maker.read_back();
  const std::string text = view_events(capture, *capture.attempt());
  CHECK(contains(text, "utf8 reject"));
  CHECK(contains(text, "\\x1b[31mred"));
  CHECK_FALSE(contains(text, "\x1b"));
}

TEST_CASE("the dump stands around the fault, or is one event", "[observe]") {
  CaptureMaker maker;
  maker.head();
  maker.response();
  maker.read("data: one\n\n" + std::string(500, 'x') + "\xff" + std::string(500, 'y'));
  Finding finding = sample_finding(Check::utf8, Action::reject);
  finding.offset = 511;
  maker.line(finding_members(finding));
  const Capture capture = maker.read_back();
  const std::string fault = view_hex(capture, *capture.attempt(), 0).value();
  CHECK(contains(fault, "at byte 511"));
  CHECK(contains(fault, "78 78 ff  |"));
  CHECK(contains(fault, "^^"));
  CHECK(contains(view_hex(capture, *capture.attempt(), 1).value(), "|data: one"));
  CHECK_FALSE(view_hex(capture, *capture.attempt(), 9));
}

TEST_CASE("a chat is put together from OpenAI deltas, with reasoning and tool calls", "[observe]") {
  const std::string chat = chat_of(
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"Let me \"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"think.\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\\u001b[2J\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"function\":{\"name\":\"bash\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n"
      "data: [DONE]\n\n", Dialect::openai_chat);
  CHECK(chat == "--- reasoning\nLet me think.\n--- text\nHello\\x1b[2J\n--- tool call bash call_1\n{\"a\":1}\n--- finished: tool_calls\n");
}

TEST_CASE("an answer nested a million deep costs the chat only what is too deep", "[observe]") {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  CHECK(chat_of("data: {\"error\":" + deep + "}\n\n", Dialect::openai_chat).starts_with("--- provider error\n[["));
  CHECK(chat_of("data: {\"type\":\"x\",\"index\":" + deep + "}\n\n", Dialect::anthropic_messages).starts_with("--- not finished"));
}

TEST_CASE("a chat is put together from Responses events", "[observe]") {
  const std::string chat = chat_of(
      "event: response.reasoning_summary_text.delta\ndata: {\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"r\",\"delta\":\"Hm\"}\n\n"
      "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"Hi \"}\n\n"
      "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"you\"}\n\n"
      "data: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"function_call\",\"id\":\"f\",\"name\":\"ls\",\"call_id\":\"c1\",\"arguments\":\"\"}}\n\n"
      "data: {\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"f\",\"delta\":\"{}\"}\n\n"
      "data: {\"type\":\"response.completed\"}\n\n", Dialect::openai_responses);
  CHECK(chat == "--- reasoning\nHm\n--- text\nHi you\n--- tool call ls c1\n{}\n--- finished: completed\n");
}

TEST_CASE("a chat is put together from Anthropic events", "[observe]") {
  const std::string chat = chat_of(
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n"
      "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Well.\"}}\n\n"
      "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Yes\"}}\n\n"
      "data: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"ls\",\"input\":{}}}\n\n"
      "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"p\\\":2}\"}}\n\n"
      "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n", Dialect::anthropic_messages);
  CHECK(chat == "--- reasoning\nWell.\n--- text\nYes\n--- tool call ls t1\n{\"p\":2}\n--- finished: tool_use\n");
}

TEST_CASE("a chat survives events of every other shape", "[observe]") {
  for (const char* data : {"1", "null", "[]", "{", "{\"choices\":1}", "{\"choices\":[1]}", "{\"choices\":[{\"delta\":{\"tool_calls\":{\"a\":1}}}]}", "{\"output\":[{\"content\":[3]}]}",
                           "{\"content\":[1,{\"type\":\"tool_use\",\"input\":3}]}", "{\"delta\":7,\"type\":\"content_block_delta\"}", "{\"error\":{\"message\":\"no\"}}", "\xff"})
    for (Dialect dialect : {Dialect::none, Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages})
      CHECK_FALSE(chat_of("data: " + std::string(data) + "\n\n", dialect).empty());
}

TEST_CASE("equal bytes are called equal, others are shown where they part", "[observe]") {
  const Capture same = capture_of("data: x\n\n");
  CHECK(contains(view_diff(same, *same.attempt()), "\nequal\n"));
  CaptureMaker maker;
  maker.head();
  maker.response();
  maker.read("data: torn \xff\n\n");
  maker.changed("data: torn \xef\xbf\xbd\n\n");
  maker.own(": waiting\n\n");
  const Capture capture = maker.read_back();
  const std::string text = view_diff(capture, *capture.attempt());
  CHECK(contains(text, "they part at byte 11"));
  CHECK(contains(text, "siltgate's own"));
}

TEST_CASE("a HAR holds what version 1.2 asks for", "[observe]") {
  const auto har = nlohmann::json::parse(export_har(capture_of("data: x\n\n", 4, Dialect::openai_chat, "{\"model\":\"m\"}")));
  const auto& log = har.at("log");
  CHECK(log.at("version") == "1.2");
  CHECK(log.at("creator").at("name") == "siltgate");
  REQUIRE(log.at("entries").size() == 1);
  const auto& entry = log["entries"][0];
  for (const char* member : {"startedDateTime", "time", "request", "response", "cache", "timings"}) CHECK(entry.contains(member));
  for (const char* member : {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}) CHECK(entry["request"].contains(member));
  for (const char* member : {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize"}) CHECK(entry["response"].contains(member));
  CHECK(entry["response"]["content"]["text"] == "data: x\n\n");
  CHECK(entry["request"]["postData"]["text"] == "{\"model\":\"m\"}");
  const double parts = entry["timings"]["send"].get<double>() + entry["timings"]["wait"].get<double>() + entry["timings"]["receive"].get<double>();
  CHECK(entry["time"].get<double>() == Approx(parts));
  const auto torn = nlohmann::json::parse(export_har(capture_of("data: \xff\n\n")));
  CHECK(torn["log"]["entries"][0]["response"]["content"]["encoding"] == "base64");
}

TEST_CASE("a curl command has a placeholder for the key and the recorded body, quoted for sh", "[observe]") {
  const std::string with = export_curl(capture_of("data: x\n\n", 4, Dialect::openai_chat, "{\"text\":\"it's $HOME\"}"));
  CHECK(contains(with, "printf %s '{\"text\":\"it'\\''s $HOME\"}' |"));
  CHECK(contains(with, "Authorization: Bearer ${API_KEY:?"));
  CHECK(contains(with, "'https://api.z.ai/v4/chat/completions'"));
  CHECK_FALSE(contains(with, "sk-abc"));
  const std::string without = export_curl(capture_of("data: x\n\n"));
  CHECK(contains(without, "--data-binary @request.json"));
  CHECK(contains(without, std::string(64, 'b')));
}

TEST_CASE("a bundle has verdict, heads and reads, and neither prompt nor answer", "[observe]") {
  CaptureMaker maker;
  ExchangeRecord record = failed_record(Cause::upstream_closed);
  record.verdict.blame = Blame::provider;
  record.verdict.summary = "the provider cut the stream";
  maker.head(record);
  maker.request_body("THE PROMPT");
  maker.response("Content-Type: text/event-stream\r\nx-request-id: req-1\r\n");
  maker.read("data: THE ANSWER " + std::string(1000, '.') + "\n\n");
  maker.delivered_again(0, 1019);
  maker.tail(record);
  const std::string bundle = export_bundle(maker.read_back());
  for (const char* part : {"the provider cut the stream", "x-request-id: req-1", "## Attempt 1", "SHA-256"}) CHECK(contains(bundle, part));
  for (const char* part : {"THE PROMPT", "THE ANSWER"}) CHECK_FALSE(contains(bundle, part));
}
