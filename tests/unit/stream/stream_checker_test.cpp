// SPDX-License-Identifier: Apache-2.0
#include "stream/stream_checker.hpp"

#include "support/catch.hpp"
#include "support/told_finding.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate;
using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

const std::string role = chat_chunk("A", R"("role":"assistant","content":"")");
const std::string text = chat_chunk("A", R"("content":"Hello")");
const std::string stop = chat_chunk("A", "", R"(,"finish_reason":"stop")");
const std::string done = "data: [DONE]\n\n";

/// Runs at read sizes 1, 2, 7 and whole; all must agree.
Outcome at_all_cuts(const std::string& body, Dialect dialect, const Config& config) {
  const Outcome whole = run(body, dialect, config);
  for (std::size_t size : {1, 2, 7}) {
    const Outcome cut = run(body, dialect, config, size);
    CHECK(cut.delivered == whole.delivered);
    CHECK(cut.rejected == whole.rejected);
    REQUIRE(cut.findings.size() == whole.findings.size());
    for (std::size_t i = 0; i < cut.findings.size(); ++i) {
      CHECK(cut.findings[i].check == whole.findings[i].check);
      CHECK(cut.findings[i].offset == whole.findings[i].offset);
      CHECK(cut.findings[i].event == whole.findings[i].event);
      CHECK(cut.findings[i].reason == whole.findings[i].reason);
    }
  }
  return whole;
}

Outcome chat(const std::string& body, const Config& config = all(Action::reject)) {
  return at_all_cuts(body, Dialect::openai_chat, config);
}

bool passes(const std::string& body, Dialect dialect = Dialect::openai_chat) {
  const Outcome outcome = at_all_cuts(body, dialect, all(Action::reject));
  return !outcome.rejected && outcome.delivered == body;
}

}  // namespace

TEST_CASE("sound samples pass unchanged and end properly", "[stream]") {
  for (const Sample& sample : samples()) {
    const Outcome outcome = at_all_cuts(sample.body, sample.dialect, all(Action::reject));
    CHECK(outcome.delivered == sample.body);
    CHECK(outcome.findings.empty());
    CHECK(outcome.proper_end);
    CHECK(outcome.at_boundary);
  }
}

TEST_CASE("a stream cut at any byte before its proper end fails at an event boundary", "[stream]") {
  for (const Sample& sample : samples()) {
    for (std::size_t cut = 0; cut < sample.body.size(); ++cut) {
      const std::string body = sample.body.substr(0, cut);
      const Outcome outcome = run(body, sample.dialect);
      INFO("cut at " << cut << ": " << body.substr(body.size() - std::min<std::size_t>(40, body.size())));
      if (outcome.proper_end) {
        CHECK_FALSE(outcome.rejected);
        CHECK(body.find("stop") != std::string::npos);
        continue;
      }
      CHECK(outcome.rejected);
      CHECK(outcome.found(Check::finish));
      CHECK(outcome.at_boundary);
      CHECK(body.starts_with(outcome.delivered));
      CHECK((outcome.delivered.empty() || outcome.delivered.ends_with("\n\n")));
    }
  }
}

TEST_CASE("a second response pasted in at any byte is found before any event of it is delivered", "[stream]") {
  for (const Sample& sample : samples()) {
    const std::size_t first_event = sample.body.find("\n\n") + 2;
    for (std::size_t cut = 1; cut < sample.body.size(); ++cut) {
      if (run(sample.body.substr(0, cut), sample.dialect).proper_end) break;
      if (cut < first_event && sample.body[cut - 1] == '\n') continue;  // nothing but the name of an event, and the second one is whole
      const Outcome outcome = run(sample.body.substr(0, cut) + sample.other, sample.dialect, all(Action::reject), 50);
      INFO(to_string(sample.dialect) << " cut at " << cut << " of " << sample.body.size());
      CHECK(outcome.rejected);
      CHECK(outcome.at_boundary);
      if (cut >= first_event) CHECK(sample.body.substr(0, cut).starts_with(outcome.delivered));
      if (cut > first_event) CHECK((outcome.found(Check::splice) || outcome.found(Check::json) || outcome.found(Check::sse) ||
                                     outcome.found(Check::utf8)));
    }
  }
}

TEST_CASE("a character torn at any byte of a stream is found with its bytes and offset", "[stream]") {
  const std::string body = chat_stream();
  for (std::size_t at = 1; at < body.size(); ++at) {
    const std::string torn = body.substr(0, at) + "\xE7\x8B" + body.substr(at);
    if ((body[at] & 0xC0) == 0x80) continue;  // would complete the pasted character
    const Outcome outcome = run(torn, Dialect::openai_chat, with(Check::sse, Action::flag), at);
    INFO("at " << at);
    REQUIRE(outcome.rejected);
    CHECK(outcome.findings.back().check == Check::utf8);
    CHECK(outcome.findings.back().offset == at);
    CHECK(outcome.findings.back().at_read_boundary);
    CHECK(outcome.findings.back().excerpt.find("\xE7\x8B") != std::string::npos);
  }
}

TEST_CASE("ill-formed UTF-8 is repaired, dropped with its event, flagged or passed", "[stream]") {
  const std::string bad = chat_chunk("A", "\"content\":\"a\xE4\xBDz\"");
  const std::string body = role + bad + stop + done;
  Outcome outcome = chat(body, with(Check::utf8, Action::repair));
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.delivered == role + chat_chunk("A", "\"content\":\"a\xEF\xBF\xBDz\"") + stop + done);
  outcome = chat(body, with(Check::utf8, Action::drop));
  CHECK(outcome.delivered == role + stop + done);
  outcome = chat(body, with(Check::utf8, Action::flag));
  CHECK(outcome.delivered == body);
  CHECK(outcome.flagged(Check::utf8));
  outcome = chat(body, with(Check::utf8, Action::pass));
  CHECK(outcome.delivered == body);
  CHECK(outcome.findings.empty());
}

TEST_CASE("broken JSON is rejected, dropped or flagged", "[stream]") {
  const std::string body = role + "data: {\"id\":\"A\",}\n\n" + text + stop + done;
  Outcome outcome = chat(body);
  CHECK(outcome.rejected);
  CHECK(outcome.found(Check::json));
  CHECK(outcome.delivered == role);
  CHECK(outcome.findings[0].event == 2);
  CHECK(outcome.findings[0].offset == role.size() + 16);
  CHECK(chat(body, with(Check::json, Action::drop)).delivered == role + text + stop + done);
  CHECK(chat(body, with(Check::json, Action::flag)).delivered == body);
  CHECK(chat(role + "data:\n\n" + stop).found(Check::json));
  CHECK(chat(role + "data: [DONE] \n\n" + stop).found(Check::json));
  CHECK(chat(role + "data: {\"id\":\"A\",\"id\":\"A\",\"choices\":[]}\n\n" + stop).found(Check::json));
  CHECK(chat(role + "data: {\"id\":\"A\",\"\\u0069d\":\"A\",\"choices\":[]}\n\n" + stop).found(Check::json));
}

TEST_CASE("half of a surrogate pair is JSON, on record, and no garbled text", "[stream]") {
  const std::string high = chat_chunk("A", R"("content":"\ud83d")"), low = chat_chunk("A", R"("content":"\uDE00 and")");
  std::string split;
  for (int i = 0; i < 30; ++i) split += high + low;
  const std::string body = role + split + stop + done;
  const Outcome outcome = chat(body);
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.delivered == body);
  CHECK(outcome.flagged(Check::json));
  CHECK(outcome.findings.size() == 60);
  CHECK(outcome.findings.at(0).offset == role.size() + high.find("\\ud83d"));
  CHECK(outcome.findings.at(0).event == 2);
  for (const Action action : {Action::drop, Action::flag, Action::pass}) CHECK(chat(body, with(Check::json, action)).delivered == body);
  CHECK(chat(body, with(Check::json, Action::pass)).findings.empty());
  for (const char* text : {R"(x\ud83dy)", R"(\ud83d\ud83d\ude00)", R"(\ude00\ud83d\n)", R"(\\\ud83d)"})
    CHECK(passes(role + chat_chunk("A", "\"content\":\"" + std::string(text) + "\"") + stop + done));
  CHECK(passes(role + "data: {\"\\ud800\":1,\"\\ud801\":2,\ndata: \"choices\":[],\"usage\":{}}\n\n" + stop + done));
  CHECK(chat(role + "data: {\"\\ud800\":1,\"\\ud800\":2,\"choices\":[],\"usage\":{}}\n\n" + stop).found(Check::json));
  // Other damage beside it is found where it is.
  const std::string torn = chat_chunk("A", R"("content":"\ud83d\ud8")");
  const Outcome damaged = chat(role + torn + stop);
  CHECK(damaged.found(Check::json));
  CHECK(damaged.findings.at(0).offset > role.size() + torn.find("ud83d"));
  // A finish reason is mended where it stands.
  const std::string ending = R"(data: {"id":"A","x":"\ud83d","choices":[{"index":0,"delta":{},"finish_reason":"sensitive"}]})";
  CHECK(chat(role + ending + "\n\n" + done, with(Check::finish_reason, Action::repair)).delivered ==
        role + R"(data: {"id":"A","x":"\ud83d","choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]})" + "\n\n" + done);
}

TEST_CASE("tool arguments may hold half a surrogate pair, in one piece or several", "[stream]") {
  const auto piece = [](const std::string& arguments) {
    return chat_chunk("A", R"("tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":")" + arguments + "\"}}]");
  };
  const std::string finish = chat_chunk("A", "", R"(,"finish_reason":"tool_calls")");
  for (const std::string arguments : {R"({\"a\":\"\\ud83d\"})", R"({\"a\":\"\\ud83d\\ude00\"})", R"({\"a\":\"\\uDE00 \\\\ud8\"})"}) {
    CHECK(passes(role + piece(arguments) + finish));
    std::string pieces;
    for (std::size_t at = 0; at < arguments.size(); at += arguments[at] == '\\' ? 2 : 1)
      pieces += piece(arguments.substr(at, arguments[at] == '\\' ? 2 : 1));
    CHECK(passes(role + pieces + finish));
  }
  CHECK(chat(role + piece(R"({\"a\":\"\\ud8\"})") + finish).found(Check::tool_arguments));
}

TEST_CASE("comments and blank lines between events pass at once", "[stream]") {
  StreamChecker checker(Dialect::openai_chat, all(Action::reject));
  CHECK(checker.feed(": OPENROUTER PROCESSING\n\n").second == ": OPENROUTER PROCESSING\n\n");
  CHECK(checker.feed(": half").second.empty());
  const Step step = checker.feed(" of it\ndata: {");
  CHECK(step.first == ": half of it\n");
  CHECK(step.second.empty());
  CHECK(step.at_boundary);
}

TEST_CASE("sound bytes leave as views of the read, not as copies", "[stream]") {
  StreamChecker checker(Dialect::openai_chat, all(Action::reject));
  const std::string read = role + text + text.substr(0, 20);
  const Step step = checker.feed(read);
  CHECK(step.first.empty());
  CHECK(step.second.data() == read.data());
  CHECK(step.second == role + text);
  const std::string next = text.substr(20) + stop;
  const Step second = checker.feed(next);
  CHECK(second.first == text);
  CHECK(second.second.data() == next.data() + text.size() - 20);
}

TEST_CASE("lines that are not fields are debris, unknown fields only a flag", "[stream]") {
  CHECK(chat(role + "ello\"}}]}\n\n" + stop).found(Check::sse));
  CHECK(chat(role + std::string("id: a\0b\n", 8) + stop.substr(0)).found(Check::sse));
  const Outcome outcome = chat(role + "color: red\n" + stop + done);
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.flagged(Check::sse));
  CHECK(outcome.delivered == role + "color: red\n" + stop + done);
  CHECK(chat(role + "dadata: {\"id\":\"B\"}\n\n" + stop).found(Check::splice));
}

TEST_CASE("unknown fields that only look like joined names are flagged, and what is no payload in a name is sound", "[stream]") {
  for (const char* line : {"rid: 5", "eid: 5", "did: {}", "edata: 5", "reid: a", "request-id: 5"}) {
    const std::string body = role + line + "\n" + text + stop + done;
    const Outcome outcome = chat(body);
    INFO(line);
    CHECK(outcome.delivered == body);
    CHECK(outcome.flagged(Check::sse));
  }
  for (const char* line : {"dadata: {\"id\":\"B\"}", "datdata:{", "evdata: [DONE]", "evevent: message_start", "rretry: 3000"})
    CHECK(chat(role + line + "\n\n" + stop).found(Check::splice));
  for (const char* name : {"metadata:usage", "metadata: usage", "subevent:usage", "a:b"}) {
    const std::string body = role + "event: " + name + "\n" + text + stop + done;
    CHECK(chat(body).delivered == body);
    CHECK(chat(body).findings.empty());
  }
  for (const char* name : {"mesdata: {\"a\"", "mesdata:[DONE]", "mesevent: message_start", "mesevent:response.created", "event: x"})
    CHECK(chat(role + "event: " + name + "\n" + text + stop).found(Check::splice));
  const std::string twice = role + "event: other\nevent: message\n" + text + stop + done;   // readers take the last
  CHECK(chat(twice).delivered == twice);
  CHECK(chat(twice).flagged(Check::sse));
  CHECK(chat(role + "event: message\nevent: error\ndata: {}\n\n").provider_error);
}

TEST_CASE("an event over the limit fails, is left out, or passes unchecked", "[stream]") {
  Config config = all(Action::reject);
  config.event_limit = Bytes{300};
  const std::string large = chat_chunk("A", "\"content\":\"" + std::string(400, 'x') + "\"");
  const std::string body = role + large + stop + done;
  Outcome outcome = chat(body, config);
  CHECK(outcome.found(Check::sse));
  CHECK(outcome.delivered == role);
  config[Check::sse] = Action::drop;
  CHECK(chat(body, config).delivered == role + stop + done);
  config[Check::sse] = Action::flag;
  CHECK(chat(body, config).delivered == body);
}

TEST_CASE("an unterminated tail is delivered when it is sound and left out when it is not", "[stream]") {
  CHECK(passes(role + stop + "data: [DONE]\n"));
  CHECK(passes(role + stop + "data: [DONE]"));
  CHECK(passes(role + stop));
  CHECK(passes(role + stop + ": half a comm"));
  const Outcome outcome = chat(role + stop + "data: [DO");
  CHECK_FALSE(outcome.rejected);
  CHECK(outcome.delivered == role + stop);
  REQUIRE(outcome.findings.size() == 1);
  CHECK(outcome.findings[0].action == Action::repair);  // what was left out is on record
  const Outcome cut = chat(role + text + "data: {\"id", with(Check::finish, Action::flag));
  CHECK(cut.delivered == role + text);
  CHECK(cut.findings.back().action == Action::drop);
  // Readers drop an event without its blank line, so a finish reason there does not count.
  CHECK(chat(role + text + stop.substr(0, stop.size() - 1)).found(Check::finish));
}

TEST_CASE("[DONE] without a finish reason is withheld", "[stream]") {
  const Outcome outcome = chat(role + text + done);
  CHECK(outcome.found(Check::finish));
  CHECK(outcome.delivered == role + text);
  CHECK(outcome.findings.size() == 1);
  CHECK(chat("").found(Check::finish));
}

TEST_CASE("in-band errors pass, are remembered and need no further end", "[stream]") {
  for (const std::string& error : {std::string("data: {\"error\":{\"code\":\"1302\",\"message\":\"m\"}}\n\n"),
                                   std::string("event: error\ndata: {\"error\":\"m\"}\n\n"),
                                   std::string("data: {\"error\":{\"type\":\"server_error\",\"message\":\"m\"}}\n\n")}) {
    for (const std::string& tail : {std::string(), done}) {
      const Outcome outcome = chat(role + error + tail);
      INFO(error);
      CHECK_FALSE(outcome.rejected);
      CHECK(outcome.delivered == role + error + tail);
      CHECK(outcome.provider_error);
      CHECK_FALSE(outcome.proper_end);
      CHECK_FALSE(outcome.found(Check::finish));
    }
  }
  StreamChecker checker(Dialect::openai_chat, all(Action::reject));
  checker.feed(role + "data: {\"error\":{\"code\":\"1302\"}}\n\n");
  REQUIRE(checker.provider_error());
  CHECK(checker.provider_error()->json == "{\"error\":{\"code\":\"1302\"}}");
  CHECK(checker.provider_error()->event == 2);
}

TEST_CASE("in-band errors that clients skip pass, but no [DONE] behind them does", "[stream]") {
  const std::pair<Dialect, std::string> errors[] = {
      {Dialect::openai_chat, "event: error\ndata: {\"message\":\"m\"}\n\n"},
      {Dialect::openai_chat, "error: {\"detail\":\"m\"}\n\n"},
      {Dialect::openai_chat, "data: {\"code\":500,\"msg\":\"404 NOT_FOUND\",\"success\":false}\n\n"},
      {Dialect::openai_chat, "data: {\"code\":\"1302\",\"message\":\"m\"}\n\n"},
      {Dialect::openai_chat, "data: {\"type\":\"server_error\",\"message\":\"m\"}\n\n"},
      {Dialect::openai_chat, "data: {\"object\":\"error\",\"message\":\"m\"}\n\n"},
      {Dialect::anthropic_messages, "data: {\"error\":{\"code\":\"1302\",\"message\":\"m\"}}\n\n"}};
  for (const auto& [dialect, error] : errors) {
    INFO(error);
    StreamChecker checker(dialect, all(Action::reject));
    CHECK_FALSE(checker.feed(error).rejected);
    REQUIRE(checker.provider_error());
    CHECK_FALSE(checker.provider_error()->shown);
    CHECK_FALSE(checker.finish().rejected);
    const Outcome with_done = at_all_cuts(error + done, dialect, all(Action::reject));
    CHECK(with_done.delivered == error);
    CHECK(with_done.rejected == true);
  }
  StreamChecker checker(Dialect::anthropic_messages, all(Action::reject));
  checker.feed("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n");
  CHECK(checker.provider_error()->shown);
}

TEST_CASE("an unknown finish reason is mapped in place, by the caller's map first", "[stream]") {
  const auto ending = [](std::string_view reason) { return chat_chunk("A", "", ",\"finish_reason\":\"" + std::string(reason) + "\""); };
  Config config = with(Check::finish_reason, Action::repair);
  Outcome outcome = chat(role + ending("sensitive") + done, config);
  CHECK(outcome.delivered == role + ending("content_filter") + done);
  CHECK(outcome.finish_reason == "sensitive");
  CHECK(outcome.proper_end);
  CHECK(outcome.found(Check::finish_reason));
  config.finish_reason_map = {{"sensitive", "stop"}, {"odd", "length"}};
  CHECK(chat(role + ending("sensitive") + done, config).delivered == role + ending("stop") + done);
  CHECK(chat(role + ending("odd") + done, config).delivered == role + ending("length") + done);
  outcome = chat(role + ending("never heard") + done, config);
  CHECK(outcome.rejected);
  CHECK(outcome.delivered == role);
  outcome = chat(role + ending("network_error") + done, config);
  CHECK(outcome.found(Check::finish));
  CHECK(outcome.delivered == role);
}

TEST_CASE("a broken connection is recorded with what was open", "[stream]") {
  StreamChecker checker(Dialect::openai_chat, all(Action::reject));
  checker.feed(role + "data: {\"id");
  checker.broken();
  REQUIRE(checker.findings().size() == 1);
  CHECK(checker.findings()[0].check == Check::finish);
  CHECK(checker.findings()[0].reason ==
        "upstream broke off after 1 event, inside an event, before the proper end of the response");
  CHECK(checker.findings()[0].offset == role.size() + 10);
}

TEST_CASE("what is not an inference call passes unchecked", "[stream]") {
  const std::string body = "\xFF junk\n\ndata: x\n\n";
  const Outcome outcome = at_all_cuts(body, Dialect::none, all(Action::reject));
  CHECK(outcome.delivered == body);
  CHECK(outcome.findings.empty());
  CHECK_FALSE(outcome.rejected);
}

TEST_CASE("reasons never quote the model", "[stream]") {
  const std::string secret = "Zanzibar";
  for (const Sample& sample : samples())
    for (const std::string& bad : {"data: {\"x\":\"" + secret + "\n\n", secret + " " + secret + ": x\n\n", "data: " + secret + "\n\n",
                                   "data: [\"" + secret + "\"]\n\n"})
      for (const Finding& finding : run(sample.body.substr(0, sample.body.find("\n\n") + 2) + bad, sample.dialect).findings)
        CHECK(finding.reason.find(secret) == std::string::npos);
}

TEST_CASE("a checker at rest is small", "[stream]") { CHECK(StreamChecker::state_size() < 2048); }

TEST_CASE("an event that is almost usual comes out the same in one read and byte by byte", "[stream]") {
  const auto told = [](const Outcome& outcome) {
    std::string text = outcome.delivered + "\n" + std::to_string(outcome.rejected) + std::to_string(outcome.at_boundary) +
                       std::to_string(outcome.provider_error) + std::to_string(outcome.events) + outcome.finish_reason;
    for (const Finding& finding : outcome.findings) text += "\n" + stream::test::told(finding);
    return text;
  };
  for (const auto& [dialect, body, other] : samples()) {
    const std::size_t end = std::min(body.size(), body.find("\n\n", body.find("\n\n") + 2) + 3);  // two events and a byte
    for (std::size_t at = 0; at < end; ++at) {
      for (const std::string_view put : {std::string_view("\0", 1), std::string_view("\r"), std::string_view("\n"), std::string_view("\n\n"),
                                         std::string_view("\xFF"), std::string_view("\xE4\xB8\xAD"), std::string_view("\""),
                                         std::string_view("data: {")}) {
        std::string almost = body;
        almost.replace(at, at % 2, put);
        for (const Action action : {Action::reject, Action::flag, Action::drop, Action::repair}) {
          INFO(at << " " << to_string(action));
          REQUIRE(told(run(almost, dialect, all(action))) == told(run(almost, dialect, all(action), 1)));
        }
      }
    }
  }
}
