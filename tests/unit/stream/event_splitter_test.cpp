// SPDX-License-Identifier: Apache-2.0
#include "stream/event_splitter.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "stream/sse_field.hpp"
#include "support/catch.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

using Cuts = std::vector<std::string>;

/// What a WHATWG reader dispatches: "type|id|data" per event. The id stays from event to event.
std::vector<std::string> dispatched(const Cuts& reads) {
  std::vector<std::string> events;
  std::string held;
  std::string id;
  EventSplitter splitter;
  for (const std::string& read : reads) {
    splitter.begin(read);
    for (std::size_t at = 0; at < read.size();) {
      const auto piece = splitter.next();
      held += read.substr(at, piece.end - at);
      at = piece.end;
      if (piece.kind == EventSplitter::Kind::open) continue;
      Field field;
      std::string data;
      std::string type;
      FieldReader fields(held);
      while (fields.next(field)) {
        if (field.kind == FieldKind::data) data += std::string(field.value) + "\n";
        if (field.kind == FieldKind::event) type = field.value;
        if (field.kind == FieldKind::id && field.value.find('\0') == std::string_view::npos) id = field.value;
      }
      if (piece.kind == EventSplitter::Kind::event && !data.empty())
        events.push_back((type.empty() ? "message" : type) + "|" + id + "|" + data.substr(0, data.size() - 1));
      held.clear();
    }
  }
  return events;
}

Cuts cut(const std::string& text, std::size_t size) {
  Cuts reads;
  for (std::size_t at = 0; at < text.size(); at += size) reads.push_back(text.substr(at, size));
  return reads;
}

void check_all_cuts(const std::string& text, const std::vector<std::string>& expected) {
  for (std::size_t size = 1; size <= text.size(); ++size) CHECK(dispatched(cut(text, size)) == expected);
  for (std::size_t at = 1; at < text.size(); ++at)
    CHECK(dispatched({text.substr(0, at), text.substr(at)}) == expected);
}

}  // namespace

TEST_CASE("events are the same however the bytes are cut", "[stream]") {
  check_all_cuts("data: a\n\ndata: b\n\n", {"message||a", "message||b"});
  check_all_cuts("data: a\r\n\r\nevent: x\r\ndata: b\r\n\r\n", {"message||a", "x||b"});
  check_all_cuts("data: a\r\rdata: b\r\r", {"message||a", "message||b"});
  check_all_cuts("\xEF\xBB\xBF" "data: a\n\n\xEF\xBB\xBF" "data: b\n\n", {"message||a"});
  check_all_cuts(": c\n\n: d\ndata: a\n:inside\ndata\n\n\n", {"message||a\n"});
  check_all_cuts("data: a\n", {});
}

TEST_CASE("a comment line outside an event is a piece of its own", "[stream]") {
  const std::string text = ": ping\ndata: a\n: in\n\n:x\r\n";
  EventSplitter splitter;
  splitter.begin(text);
  const auto comment = splitter.next();
  CHECK(comment.kind == EventSplitter::Kind::between);
  CHECK(comment.end == 7);
  const auto event = splitter.next();
  CHECK(event.kind == EventSplitter::Kind::event);
  CHECK(event.end == text.size() - 4);
  CHECK(splitter.next().kind == EventSplitter::Kind::between);
  CHECK_FALSE(splitter.inside());
}

TEST_CASE("a field name is a known one, a token or debris", "[stream]") {
  const auto kind = [](std::string_view line) {
    Field field;
    FieldReader(line).next(field);
    return field.kind;
  };
  CHECK(kind("data: x") == FieldKind::data);
  CHECK(kind("data") == FieldKind::data);
  CHECK(kind(": x") == FieldKind::comment);
  CHECK(kind("error: x") == FieldKind::error);
  CHECK(kind("color: x") == FieldKind::unknown);
  CHECK(kind(" data: x") == FieldKind::debris);
  CHECK(kind("{\"a\":1}") == FieldKind::debris);
  for (const char* name : {"dadata", "datdata", "ddata", "evdata", "redata"}) {
    CHECK(is_joined_field(name, "{\"id\""));
    CHECK(is_joined_field(name, "[DONE]"));
    CHECK_FALSE(is_joined_field(name, "5"));
    CHECK_FALSE(is_joined_field(name, ""));
  }
  CHECK(is_joined_field("evevent", "message_start"));
  CHECK(is_joined_field("dataevent", "response.created"));
  CHECK_FALSE(is_joined_field("dataevent", "once upon a time"));
  CHECK(is_joined_field("retretry", "3000"));
  CHECK_FALSE(is_joined_field("eretry", "soon"));
  for (const char* name : {"rid", "eid", "did", "reid", "dataid", "metadata", "color"}) {
    CHECK_FALSE(is_joined_field(name, "5"));
    CHECK_FALSE(is_joined_field(name, "{}"));
  }
}

TEST_CASE("the SSE cases of the reference corpus hold at every cut", "[stream]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  std::istringstream lines(slurp(*corpus() + "/sse/cases.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto row = nlohmann::json::parse(line);
    INFO(row["id"]);
    Cuts reads;
    std::string text;
    for (const auto& digits : row["chunks_hex"]) reads.push_back(hex(digits.get<std::string>()));
    for (const auto& read : reads) text += read;
    std::vector<std::string> expected;
    std::string id;
    for (const auto& event : row["expected_events"]) {
      if (event.contains("id")) id = event["id"];
      expected.push_back(event["type"].get<std::string>() + "|" + id + "|" + event["data"].get<std::string>());
    }
    CHECK(dispatched(reads) == expected);
    check_all_cuts(text, expected);
  }
  CHECK(count > 40);
}
