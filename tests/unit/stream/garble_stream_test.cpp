// SPDX-License-Identifier: Apache-2.0
// The check `garble` in streams of the three dialects and in whole bodies.
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "stream/garble.hpp"
#include "unit/stream/feeding.hpp"
#include "unit/stream/garble_texts.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

using nlohmann::json;

std::string chat_with(const std::string& member, const std::string& text, std::size_t size = 5) {
  std::string body = chat_chunk("A", R"("role":"assistant")");
  for (std::size_t at = 0; at < text.size(); at += size) {
    const std::string piece = json(text.substr(at, size)).dump();
    body += chat_chunk("A", member == "arguments" ? R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":)" + piece + "}}]"
                                                  : "\"" + member + "\":" + piece);
  }
  return body + chat_chunk("A", "", R"(,"finish_reason":"stop")") + "data: [DONE]\n\n";
}

std::string messages_with(const std::string& type, const std::string& member, const std::string& text) {
  std::string body = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"role\":\"assistant\"}}\n\n"
                     "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\"}}\n\n";
  for (std::size_t at = 0; at < text.size(); at += 5)
    body += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"" + type + "\",\"" +
            member + "\":" + json(text.substr(at, 5)).dump() + "}}\n\n";
  return body + "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
}

std::string response_with(const std::string& type, const std::string& text) {
  std::string body = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
  for (std::size_t at = 0; at < text.size(); at += 5)
    body += "data: {\"type\":\"" + type + "\",\"output_index\":0,\"delta\":" + json(text.substr(at, 5)).dump() + "}\n\n";
  return body + "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}\n\n";
}

const std::string loop = "In English " + times("please ", 92);
const Config flagging = with(Check::garble, Action::flag);

const Finding* garble_of(const Outcome& outcome, bool doubtful) {
  for (const Finding& finding : outcome.findings)
    if (finding.check == Check::garble && finding.doubtful == doubtful) return &finding;
  return nullptr;
}

}  // namespace

TEST_CASE("degenerate text is flagged in every dialect and kind of text and passes unchanged", "[stream][garble]") {
  const std::string arguments = "{\"text\":\"" + times("please ", 2000) + "\"}";
  const std::vector<std::pair<std::string, Dialect>> bodies = {
      {chat_with("content", loop), Dialect::openai_chat},
      {chat_with("reasoning_content", loop), Dialect::openai_chat},
      {chat_with("arguments", arguments), Dialect::openai_chat},
      {messages_with("text_delta", "text", loop), Dialect::anthropic_messages},
      {messages_with("thinking_delta", "thinking", loop), Dialect::anthropic_messages},
      {messages_with("input_json_delta", "partial_json", arguments), Dialect::anthropic_messages},
      {response_with("response.output_text.delta", loop), Dialect::openai_responses},
      {response_with("response.reasoning_text.delta", loop), Dialect::openai_responses},
      {response_with("response.function_call_arguments.delta", arguments), Dialect::openai_responses}};
  for (const auto& [body, dialect] : bodies) {
    const Outcome outcome = run(body, dialect, flagging, 97);
    INFO(body.substr(200, 300));
    CHECK(outcome.delivered == body);
    const Finding* finding = garble_of(outcome, false);
    REQUIRE(finding);
    CHECK(finding->reason.starts_with("loop: 7 characters repeat "));
    CHECK(finding->excerpt.find("please please please") != std::string::npos);
    CHECK(finding->event > 1);
    CHECK(outcome.findings.size() == 2);
  }
}

TEST_CASE("garble reject fails the exchange at an event border once it is certain", "[stream][garble]") {
  const std::string body = chat_with("content", loop);
  for (const std::size_t size : {1u, 7u, 1460u, 1u << 20}) {
    const Outcome outcome = run(body, Dialect::openai_chat, all(Action::reject), size);
    CHECK(outcome.rejected);
    CHECK(outcome.at_boundary);
    CHECK(body.starts_with(outcome.delivered));
    CHECK(outcome.delivered.ends_with("\n\n"));
    REQUIRE(outcome.findings.size() == 2);
    CHECK(outcome.findings[0].action == Action::flag);     // doubtful
    CHECK(outcome.findings[1].action == Action::reject);
    CHECK(rejecting(outcome.findings) == &outcome.findings[1]);
    CHECK(outcome.findings[1].reason == "loop: 7 characters repeat 34 times, from character 10 of the content");
  }
}

TEST_CASE("a doubtful sign never fails an exchange", "[stream][garble]") {
  const std::string body = chat_with("content", "The fix is in place and all tests pass.<|im_end|>");
  const Outcome outcome = run(body);
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.delivered == body);
  REQUIRE(outcome.findings.size() == 1);
  CHECK(outcome.findings[0].doubtful);
  CHECK(outcome.findings[0].action == Action::flag);
}

TEST_CASE("garble pass does not look", "[stream][garble]") {
  CHECK(run(chat_with("content", loop), Dialect::openai_chat, with(Check::garble, Action::pass)).findings.empty());
}

TEST_CASE("texts of a response are looked at apart", "[stream][garble]") {
  const std::string half = times("please ", 12);
  std::string body = chat_chunk("A", R"("role":"assistant")");
  body += chat_chunk("A", "\"reasoning_content\":\"" + half + "\"") + chat_chunk("A", "\"content\":\"" + half + "\"");
  for (const char* index : {"0", "1", "2"})
    body += chat_chunk("A", "\"tool_calls\":[{\"index\":" + std::string(index) + ",\"id\":\"c" + index + "\",\"function\":{\"name\":\"f\",\"arguments\":\"\\\"" + half + "\\\"\"}}]");
  body += chat_chunk("A", "", R"(,"finish_reason":"tool_calls")") + "data: [DONE]\n\n";
  CHECK(run(body, Dialect::openai_chat, flagging).findings.empty());
}

TEST_CASE("choices side by side are looked at apart", "[stream][garble]") {
  const auto of_choice = [](const std::string& index, const std::string& text) {
    return "data: {\"id\":\"A\",\"object\":\"chat.completion.chunk\",\"created\":1,\"choices\":[{\"index\":" + index +
           ",\"delta\":{\"content\":" + json(text).dump() + "}}]}\n\n";
  };
  std::string body;
  for (int i = 0; i < 100; ++i) body += of_choice("0", prose(10, static_cast<unsigned>(i))) + of_choice("1", "please ");
  const Outcome outcome = run(body + "data: [DONE]\n\n", Dialect::openai_chat, all(Action::flag));
  const Finding* finding = garble_of(outcome, false);
  REQUIRE(finding);
  CHECK(finding->reason == "loop: 7 characters repeat 34 times, from character 0 of the content of choice 1");
}

TEST_CASE("reasoning that a provider writes into two members of a chunk counts once", "[stream][garble]") {
  std::string body = chat_chunk("A", R"("role":"assistant")");
  const std::string text = times("please ", 20);
  for (std::size_t at = 0; at < text.size(); at += 7)
    body += chat_chunk("A", "\"reasoning\":\"" + text.substr(at, 7) + "\",\"reasoning_content\":\"" + text.substr(at, 7) + "\"");
  body += chat_chunk("A", "", R"(,"finish_reason":"stop")") + "data: [DONE]\n\n";
  CHECK(run(body, Dialect::openai_chat, flagging).findings.empty());
}

TEST_CASE("sound in Base64 is no text", "[stream][garble]") {
  CHECK(run(response_with("response.output_audio.delta", times("A", 9000)), Dialect::openai_responses, flagging).findings.empty());
  CHECK_FALSE(run(response_with("response.output_text.delta", times("A", 9000)), Dialect::openai_responses, flagging).findings.empty());
}

TEST_CASE("whole bodies of every dialect are looked at", "[stream][garble]") {
  const std::string text = json(loop).dump();
  const std::vector<std::pair<std::string, Dialect>> bodies = {
      {R"({"id":"a","choices":[{"index":0,"message":{"role":"assistant","content":)" + text + R"(},"finish_reason":"stop"}]})", Dialect::openai_chat},
      {R"({"id":"a","choices":[{"index":0,"message":{"content":"ok","reasoning_content":)" + text + R"(},"finish_reason":"stop"}]})", Dialect::openai_chat},
      {R"({"type":"message","content":[{"type":"text","text":"ok"},{"type":"text","text":)" + text + "}]}", Dialect::anthropic_messages},
      {R"({"type":"message","content":[{"type":"thinking","thinking":)" + text + "}]}", Dialect::anthropic_messages},
      {R"({"id":"r","output":[{"type":"message","content":[{"type":"output_text","text":)" + text + "}]}]}", Dialect::openai_responses}};
  for (const auto& [body, dialect] : bodies) {
    INFO(body.substr(0, 120));
    std::vector<Finding> findings;
    Usage usage;
    CHECK(check_json_body(body, dialect, flagging, findings, usage));
    REQUIRE(findings.size() == 2);
    CHECK(findings[1].check == Check::garble);
    CHECK_FALSE(findings[1].doubtful);
    findings.clear();
    CHECK_FALSE(check_json_body(body, dialect, all(Action::reject), findings, usage));
    CHECK(rejecting(findings)->check == Check::garble);
    findings.clear();
    CHECK(check_json_body(body, dialect, with(Check::garble, Action::pass), findings, usage));
    CHECK(findings.empty());
  }
}

TEST_CASE("arguments of a whole chat completion are looked at", "[stream][garble]") {
  const std::string arguments = json("{\"text\":\"" + times("please ", 2000) + "\"}").dump();
  std::vector<Finding> findings;
  Usage usage;
  CHECK_FALSE(check_json_body(R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":)" + arguments + "}}]}}]}",
                              Dialect::openai_chat, all(Action::reject), findings, usage));
  CHECK(rejecting(findings)->reason.find("of the tool arguments") != std::string::npos);
}

TEST_CASE("a stream that degenerates for long is found once and holds no text", "[stream][garble]") {
  CHECK(Garble::lane_size() <= 4096);
  const Outcome outcome = run(chat_with("content", times("please ", 20'000), 700), Dialect::openai_chat, flagging);
  CHECK(outcome.findings.size() == 2);
}
