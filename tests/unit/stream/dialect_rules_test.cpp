// SPDX-License-Identifier: Apache-2.0
// The rules of the three dialects, tried through whole streams.
#include "stream/dialect_rules.hpp"

#include "support/catch.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

std::string chunk(const std::string& head, const std::string& choice) {
  return "data: {" + head + ",\"choices\":[{" + choice + "}]}\n\n";
}

const std::string id = "\"id\":\"A\",\"created\":1700000000";
const std::string role = R"("index":0,"delta":{"role":"assistant","content":""})";
const std::string text = R"("index":0,"delta":{"content":"x"})";
const std::string stop = R"("index":0,"delta":{},"finish_reason":"stop")";

bool clean(const std::string& body, Dialect dialect = Dialect::openai_chat) {
  const Outcome outcome = run(body, dialect);
  return !outcome.rejected && outcome.findings.empty() && outcome.delivered == body;
}
bool fails(Check check, const std::string& body, Dialect dialect = Dialect::openai_chat) {
  const Outcome outcome = run(body, dialect);
  return outcome.rejected && outcome.found(check);
}

std::string call(const std::string& inside, const std::string& rest = "") {
  return chunk(id, R"("index":0,"delta":{"tool_calls":[{)" + inside + "}]}" + rest);
}

}  // namespace

TEST_CASE("ids that never repeat, start empty or follow a bare role are no splice", "[stream]") {
  CHECK(clean(chunk("\"id\":\"a\"", text) + chunk("\"id\":\"b\"", text) + chunk("\"id\":\"c\"", text) + chunk("\"id\":\"stub\"", stop)));
  CHECK(clean("data: {\"id\":\"\",\"created\":0,\"choices\":[],\"prompt_filter_results\":[]}\n\n" + chunk(id, role) + chunk(id, stop)));
  CHECK(clean(chunk("\"id\":\"a\"", R"("index":0,"delta":{"role":"assistant"})") + chunk(id, R"("index":0,"delta":{"role":"assistant","content":"x"})") + chunk(id, stop)));
}

TEST_CASE("an id that changes after it was steady, or with a new role, is a splice", "[stream]") {
  CHECK(fails(Check::splice, chunk(id, role) + chunk(id, text) + chunk("\"id\":\"B\"", text) + chunk("\"id\":\"B\"", stop)));
  CHECK(fails(Check::splice, chunk(id, role) + chunk("\"id\":\"B\"", role) + chunk("\"id\":\"B\"", stop)));
  CHECK(fails(Check::splice, chunk(id, role) + chunk(id, stop) + "data: [DONE]\n\n" + chunk("\"id\":\"B\"", role)));
}

TEST_CASE("an id that comes back after another one is a splice", "[stream]") {
  const auto with_id = [](const std::string& name, const std::string& choice) { return chunk("\"id\":\"" + name + "\"", choice); };
  const std::string bare = R"("index":0,"delta":{"role":"assistant"})";
  CHECK(fails(Check::splice, with_id("A", bare) + with_id("B", bare) + with_id("A", text) + with_id("B", text) + with_id("A", stop)));
  CHECK(fails(Check::splice, with_id("A", bare) + with_id("B", text) + with_id("C", text) + with_id("B", stop)));
  std::string own;   // each chunk has an id of its own
  for (int i = 0; i < 50; ++i) own += with_id("c" + std::to_string(i), text);
  CHECK(clean(own + with_id("end", stop)));
  CHECK(fails(Check::splice, own + with_id("c0", stop)));
}

TEST_CASE("created may creep but neither fall back nor leap", "[stream]") {
  const auto at = [](const std::string& created, const std::string& choice) { return chunk("\"id\":\"A\",\"created\":" + created, choice); };
  CHECK(clean(at("1700000000", role) + at("1700000003", text) + at("1700000100", stop)));
  CHECK(fails(Check::splice, at("1700000000", role) + at("1699999000", text)));
  CHECK(fails(Check::splice, at("1700000000", role) + at("1700009000", text)));
  CHECK(clean(at("1700000000000", role) + at("1700000003000", stop)));
}

TEST_CASE("a role in every delta is how some write, a role start after text is a splice", "[stream]") {
  CHECK(clean(zai_stream()));
  CHECK(fails(Check::splice, chunk(id, role) + chunk(id, text) + chunk(id, role)));
  CHECK(clean(chunk(id, role) + chunk(id, text) + chunk(id, R"("index":0,"delta":{"role":"assistant","content":"y"})") + chunk(id, stop)));
}

TEST_CASE("every choice needs its own finish reason", "[stream]") {
  const std::string one = R"("index":1,"delta":{"role":"assistant","content":""})";
  const std::string stop_one = R"("delta":{},"finish_reason":"length","index":1)";
  const std::string both = chunk(id, role) + chunk(id, one) + chunk(id, text);
  CHECK(clean(both + chunk(id, stop) + chunk(id, stop_one)));
  CHECK(fails(Check::finish, both + chunk(id, stop)));
  CHECK(fails(Check::finish, both + chunk(id, stop) + "data: [DONE]\n\n"));
}

TEST_CASE("the shape of a chunk is checked and extras are not", "[stream]") {
  CHECK(fails(Check::shape, "data: 12\n\n"));
  CHECK(fails(Check::shape, "data: {\"hello\":1}\n\n"));
  CHECK(fails(Check::shape, "data: {\"choices\":{}}\n\n"));
  CHECK(fails(Check::shape, "data: {\"choices\":[1]}\n\n"));
  CHECK(fails(Check::shape, chunk(id, R"("index":"0","delta":{})")));
  CHECK(fails(Check::shape, chunk(id, R"("index":0,"delta":[])")));
  CHECK(fails(Check::shape, chunk(id, R"("index":0,"delta":{},"finish_reason":7)")));
  CHECK(clean("event: ping\ndata: {}\n\n" + chunk(id, role + ",\"x\":{\"choices\":3}") + chunk(id, stop) +
              "data: {\"id\":\"A\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n"));
}

TEST_CASE("joined tool arguments must be JSON once the call is complete", "[stream]") {
  const std::string start = call(R"("index":0,"id":"c","function":{"name":"f","arguments":""})");
  const std::string finish = chunk(id, R"("index":0,"delta":{},"finish_reason":"tool_calls")");
  CHECK(clean(start + call(R"("index":0,"function":{"arguments":"{\"a\":"})") + call(R"("index":0,"function":{"arguments":"1}"})") + finish));
  CHECK(clean(start + finish));
  CHECK(fails(Check::tool_arguments, start + call(R"("index":0,"function":{"arguments":"{\"a\":"})") + finish));
  // Some providers number every call 0.
  CHECK(clean(call(R"("index":0,"id":"c","function":{"name":"f","arguments":"{}"})") + call(R"("index":0,"id":"d","function":{"name":"f","arguments":"{}"})") + finish));
}

TEST_CASE("a billed turn of tool calls closed by [DONE] is complete, text without a finish reason is not", "[stream]") {
  const std::string usage = "data: {\"id\":\"A\",\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\n";
  const std::string tool = call(R"("index":0,"id":"c","function":{"name":"f","arguments":"{}"})");
  const Outcome outcome = run(tool + usage + "data: [DONE]\n\n");
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.flagged(Check::finish));
  CHECK(fails(Check::finish, tool + usage));
  CHECK(fails(Check::finish, tool + "data: [DONE]\n\n"));
  CHECK(fails(Check::finish, chunk(id, text) + usage + "data: [DONE]\n\n"));
}

TEST_CASE("an Anthropic message starts once and its blocks count up", "[stream]") {
  const Dialect dialect = Dialect::anthropic_messages;
  const std::string start = named("message_start", R"(,"message":{"id":"m"})");
  const std::string block = named("content_block_start", R"(,"index":0,"content_block":{})");
  CHECK(fails(Check::splice, start + block + start, dialect));
  CHECK(fails(Check::splice, start + block + block, dialect));
  CHECK(fails(Check::shape, start + named("content_block_delta", ""), dialect));
  CHECK(fails(Check::shape, "data: {\"x\":1}\n\n", dialect));
  CHECK(fails(Check::finish, start + block, dialect));
  const auto at = [](const char* event, const char* index) { return named("content_block_" + std::string(event), ",\"index\":" + std::string(index) + ",\"delta\":{}"); };
  const std::string end = named("message_stop", "");
  CHECK(fails(Check::splice, start + block + at("stop", "0") + at("delta", "0") + end, dialect));
  CHECK(fails(Check::splice, start + at("delta", "0") + end, dialect));
  CHECK(fails(Check::splice, start + block + at("delta", "1") + end, dialect));
  CHECK(fails(Check::splice, start + block + end + start + at("delta", "0") + end, dialect));
  CHECK(clean(start + block + at("start", "1") + at("delta", "0") + at("delta", "1") + at("stop", "0") + at("delta", "1") + end, dialect));
  std::string many = start;
  for (int i = 0; i < 1000; ++i) many += at("start", std::to_string(i).c_str());
  CHECK(clean(many + at("delta", "0") + at("delta", "999") + at("delta", "500") + end, dialect));
  CHECK(clean(anthropic_stream() + anthropic_stream("msg_2"), dialect));  // the second follows a complete one
  CHECK(clean(start + named("something_new", ",\"x\":1") + named("message_stop", ""), dialect));
  const Outcome mapped = run(start + named("message_delta", R"(,"delta":{"stop_reason":"sensitive"})") + named("message_stop", ""),
                             dialect, with(Check::finish_reason, Action::repair));
  CHECK(mapped.delivered.find("\"stop_reason\":\"refusal\"") != std::string::npos);
}

TEST_CASE("a Responses stream has one response whose numbers count up", "[stream]") {
  const Dialect dialect = Dialect::openai_responses;
  const std::string start = named("response.created", R"(,"sequence_number":5,"response":{"id":"r"})");
  CHECK(fails(Check::splice, start + start, dialect));
  CHECK(fails(Check::splice, start + named("response.in_progress", R"(,"response":{"id":"q"})"), dialect));
  CHECK(fails(Check::splice, start + named("response.x", ",\"sequence_number\":3"), dialect));
  CHECK(fails(Check::shape, named("response.created", ""), dialect));
  CHECK(fails(Check::finish, start, dialect));
  CHECK(clean(start + named("response.incomplete", R"(,"response":{"id":"r","error":null})"), dialect));
  const Outcome failed = run(start + named("response.failed", R"(,"response":{"id":"r","error":{"code":"x"}})"), dialect);
  CHECK_FALSE(failed.rejected);
  CHECK(failed.provider_error);
  CHECK(failed.finish_reason == "failed");
}

TEST_CASE("usage, id and finish reason are read on the way", "[stream]") {
  StreamChecker checker(Dialect::anthropic_messages, all(Action::reject));
  checker.feed(anthropic_stream());
  CHECK(checker.usage().input_tokens == 12);
  CHECK(checker.usage().output_tokens == 15);
  CHECK(checker.response_id() == "msg_1");
  CHECK(checker.finish_reason() == "tool_use");
  StreamChecker other(Dialect::openai_responses, all(Action::reject));
  other.feed(responses_stream());
  CHECK(other.usage().output_tokens == 8);
  CHECK(other.finish_reason() == "completed");
}

TEST_CASE("a whole body is JSON of its dialect or does not pass", "[stream]") {
  std::vector<Finding> findings;
  const auto good = [&](std::string_view body, Dialect dialect) {
    findings.clear();
    Usage usage;
    return check_json_body(body, dialect, all(Action::reject), findings, usage);
  };
  CHECK(good(R"({"choices":[{"message":{"content":"x"}}]})", Dialect::openai_chat));
  CHECK(good(R"({"error":{"message":"x"}})", Dialect::openai_chat));
  CHECK(good(R"({"error":{},"choices":[]})", Dialect::openai_chat));
  CHECK_FALSE(good(R"({"error":{},"usage":{}})", Dialect::openai_chat));
  CHECK(good(R"({"type":"message","content":[]})", Dialect::anthropic_messages));
  CHECK(good(R"({"input_tokens":14})", Dialect::anthropic_messages));
  CHECK(good(R"({"object":"response","output":[]})", Dialect::openai_responses));
  CHECK_FALSE(good("<html>", Dialect::openai_chat));
  CHECK(findings.at(0).check == Check::json);
  CHECK_FALSE(good("", Dialect::openai_chat));
  CHECK_FALSE(good("{}", Dialect::openai_chat));
  CHECK_FALSE(good("{\"choices\":[\"\xE4\"]}", Dialect::openai_chat));
  CHECK(findings.at(0).check == Check::utf8);
  CHECK(good("<html>", Dialect::none));
  CHECK(good(R"({"choices":[{"message":{"content":"cut \ud83d"}}]})", Dialect::openai_chat));
  REQUIRE(findings.size() == 1);
  CHECK(findings.at(0).check == Check::json);
  CHECK(findings.at(0).action == Action::flag);
  CHECK(findings.at(0).offset == 39);
}

TEST_CASE("an empty error beside a piece of an answer is none, and the piece is checked", "[stream]") {
  const auto with_error = [](const std::string& error, const std::string& choice, const std::string& head = id) {
    return chunk("\"error\":" + error + "," + head, choice);
  };
  for (const char* empty : {R"("")", "{}", "[]", "0", "false", "null", R"({"message":"","type":"","param":"","code":null})", R"({"code":0,"d":[],"x":{}})"}) {
    INFO(empty);
    const std::string start = with_error(empty, role);
    const std::string usage = "data: {\"error\":" + std::string(empty) + ",\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\n";
    const std::string sound = start + with_error(empty, text) + with_error(empty, stop) + usage + "data: [DONE]\n\n";
    CHECK(clean(sound));
    CHECK_FALSE(run(sound).provider_error);
    CHECK(run(sound).proper_end);
    CHECK(fails(Check::splice, start + with_error(empty, text) + with_error(empty, text, "\"id\":\"B\"")));
    CHECK(fails(Check::shape, start + with_error(empty, R"("index":"0")")));
    CHECK(fails(Check::finish_reason, start + with_error(empty, R"("index":0,"delta":{},"finish_reason":"odd")")));
  }
  for (const char* said : {R"("m")", R"({"message":"m"})", "7", "true", R"(["m"])", R"({"d":[{}]})", R"({"code":500})"}) {
    INFO(said);
    CHECK(run(with_error(said, text)).provider_error);
  }
  for (const char* alone : {R"({"error":{}, "x":0})", R"({"error":"","id":"A"})", R"({"error":{"message":""}})"})
    CHECK(run("data: " + std::string(alone) + "\n\n").provider_error);
  CHECK_FALSE(run(chunk("\"type\":\"error\"," + id, role) + chunk(id, stop)).provider_error);
  const std::string anthropic = named("message_start", R"(,"message":{"id":"m"},"error":{})") + named("message_stop", ",\"error\":\"\"");
  CHECK(clean(anthropic, Dialect::anthropic_messages));
  CHECK_FALSE(run(anthropic, Dialect::anthropic_messages).provider_error);
}

TEST_CASE("an end that is not delivered is none", "[stream]") {
  const std::string start = call(R"("index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":"})");
  const std::string finish = chunk(id, R"("index":0,"delta":{},"finish_reason":"tool_calls")");
  const std::string usage = "data: {\"id\":\"A\",\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\n";
  for (const std::size_t size : {1, 7, 100000}) {
    Outcome outcome = run(start + finish + "data: [DONE]\n\n", Dialect::openai_chat, all(Action::reject), size);
    CHECK(outcome.rejected);
    CHECK(outcome.found(Check::tool_arguments));
    CHECK(outcome.delivered == start);
    CHECK_FALSE(outcome.proper_end);
    for (const std::string& tail : {std::string(), std::string("data: [DONE]\n\n")}) {
      outcome = run(start + finish + usage + tail, Dialect::openai_chat, with(Check::tool_arguments, Action::drop), size);
      CHECK(outcome.delivered == start + usage);
      CHECK(outcome.rejected);   // else the client asks again for ever
      CHECK(outcome.found(Check::finish));
      CHECK_FALSE(outcome.proper_end);
    }
  }
  // Of two choices only one ends for the client.
  const std::string other = chunk(id, R"("index":1,"delta":{"content":"x"})") + chunk(id, R"("index":1,"delta":{},"finish_reason":"stop")");
  CHECK_FALSE(run(start + finish + other, Dialect::openai_chat, with(Check::tool_arguments, Action::drop)).proper_end);
  // What was delivered stays an end.
  CHECK(run(start + finish + finish + "data: [DONE]\n\n", Dialect::openai_chat, with(Check::tool_arguments, Action::flag)).proper_end);
  const std::string torn = named("message_start", R"(,"message":{"id":"m"})") +
                           named("content_block_start", R"(,"index":0,"content_block":{"type":"tool_use","id":"t"})") +
                           named("content_block_delta", R"(,"index":0,"delta":{"type":"input_json_delta","partial_json":"{"})") +
                           named("message_stop", "");
  const Outcome message = run(torn, Dialect::anthropic_messages);
  CHECK(message.found(Check::tool_arguments));
  CHECK_FALSE(message.proper_end);
  const Outcome response = run(named("response.created", R"(,"response":{"id":"r"})") +
                               named("response.function_call_arguments.delta", R"(,"output_index":0,"delta":"{")") +
                               named("response.completed", R"(,"response":{"id":"r"})"), Dialect::openai_responses);
  CHECK(response.found(Check::tool_arguments));
  CHECK_FALSE(response.proper_end);
}

TEST_CASE("of function calls side by side only the one that is done is judged", "[stream]") {
  const auto delta = [](const char* item, const char* text) {
    return named("response.function_call_arguments.delta", ",\"output_index\":" + std::string(item) + ",\"delta\":\"" + text + "\"");
  };
  const auto ready = [](const char* item) { return named("response.function_call_arguments.done", ",\"output_index\":" + std::string(item)); };
  const std::string start = named("response.created", R"(,"response":{"id":"r"})"), end = named("response.completed", R"(,"response":{"id":"r"})");
  const std::string both = start + delta("0", R"({\"a\":)") + delta("1", R"({\"b\":)");
  CHECK(clean(both + delta("0", "1}") + ready("0") + delta("1", "2}") + ready("1") + end, Dialect::openai_responses));
  CHECK(fails(Check::tool_arguments, both + ready("0") + delta("1", "2}") + ready("1") + end, Dialect::openai_responses));
  CHECK(fails(Check::tool_arguments, both + delta("0", "1}") + ready("0") + end, Dialect::openai_responses));
}
