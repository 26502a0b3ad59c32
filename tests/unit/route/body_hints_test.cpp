// SPDX-License-Identifier: Apache-2.0
#include "route/body_hints.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace siltgate::route;

TEST_CASE("a chat request tells its model, stream, tools and budget", "[route]") {
  auto hints = read_body_hints(R"( {"model":"glm-4.6", "messages":[{"role":"user","content":"\"stream\":false \\"}],
    "tools" : [ {"model":"inner"} ] , "stream_options":{"stream":false}, "stream" :true,"max_tokens":32000})");
  CHECK(hints.model == "glm-4.6");
  CHECK(hints.stream);
  CHECK(hints.has_tools);
  CHECK_FALSE(hints.title_prompt);
  CHECK(hints.max_tokens == 32000);
  CHECK(hints.rough_tokens > 40);
}

TEST_CASE("escapes in names and models are decoded", "[route]") {
  CHECK(read_body_hints(R"({"mod\u0065l":"a\/b\u00e9\ud83d\ude00\"\\"})").model == "a/b\xc3\xa9\xf0\x9f\x98\x80\"\\");
  CHECK(read_body_hints(R"({"model":"x\ud83dy\uZZ"})").model == "x\xef\xbf\xbdy\xef\xbf\xbdZZ");
  CHECK(read_body_hints("{\"model\":\"" + std::string(1000, 'm') + "\"}").model.size() == 256);
}

TEST_CASE("the last of duplicate members wins", "[route]") {
  auto hints = read_body_hints(R"({"model":"a","stream":true,"model":"b","stream":false,"tools":[1],"tools":[ ]})");
  CHECK(hints.model == "b");
  CHECK_FALSE(hints.stream);
  CHECK_FALSE(hints.has_tools);
  CHECK(read_body_hints(R"({"model":"a","model":7})").model.empty());
}

TEST_CASE("only a system text that starts as a title prompt marks one", "[route]") {
  auto title = [](std::string_view body) { return read_body_hints(body).title_prompt; };
  CHECK(title(R"({"messages":[{"role":"system","content":"You are a title generator. You"},{"role":"user"}]})"));
  CHECK(title(R"({"messages":[{"role":"system","content":[{"type":"text","text":"You are a title generator."}]}]})"));
  CHECK(title(R"({"system":"You are a title generator","messages":[{"role":"user","content":"x"}]})"));
  CHECK(title(R"({"messages":[],"system":[{"type":"text","text":"You are a title generator"}]})"));
  CHECK(title(R"({"instructions":"You are a title generator","input":"x"})"));
  CHECK_FALSE(title(R"({"messages":[{"role":"user","content":"You are a title generator"}]})"));
  CHECK_FALSE(title(R"({"messages":[{"role":"system","content":"He said \"You are a title generator\""}]})"));
  CHECK_FALSE(title(R"({"messages":[{"role":"system","content":"x"},{"role":"system","content":"You are a title generator"}]})"));
}

TEST_CASE("what is no object says nothing", "[route]") {
  for (auto body : {"", "[]", "null", "\"model\"", "[{\"model\":\"a\"}]", "model", "}{", "\xff\xfe"})
    CHECK(read_body_hints(body).model.empty());
}

TEST_CASE("a body cut anywhere says what was complete and nothing else", "[route]") {
  const std::string body = R"({"stream":true,"n":12,"model":"glm\\\"-4.6","x":{"a":[1,"]}",{"b":"\\"}]},"max_tokens":7 ,"tools":[1]})";
  const auto model_end = body.find(",\"x\"");
  for (std::size_t size = 0; size <= body.size(); ++size) {
    auto hints = read_body_hints(body.substr(0, size));
    CHECK(hints.stream == (size > 14));
    CHECK(hints.model == (size >= model_end ? "glm\\\"-4.6" : ""));
    CHECK(hints.max_tokens == (size > body.find(" ,\"tools") ? 7 : -1));
    CHECK(hints.has_tools == (size >= body.size() - 1));
  }
  for (std::size_t at = 0; at < body.size(); ++at)  // any byte damaged: no crash, the walk ends
    for (char damage : {'"', '\\', '{', '}', '\0'}) {
      auto copy = body;
      copy[at] = damage;
      read_body_hints(copy);
    }
}

TEST_CASE("a large body of code is read at the speed of its quotes", "[route]") {
  std::string line = R"(    if (x == \"y\") { return \\n; }\n)", content;
  while (content.size() < (2u << 20)) content += line;
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":")" + content + R"("}],"stream":true})";
  auto start = std::chrono::steady_clock::now();
  auto hints = read_body_hints(body);
  auto took = std::chrono::steady_clock::now() - start;
  CHECK(hints.stream);
  CHECK(took < std::chrono::milliseconds(200));  // below 1 ms when optimised; this only catches a quadratic walk
  CHECK_FALSE(read_body_hints(std::string(1 << 20, '[')).stream);
  CHECK_FALSE(read_body_hints("{\"a\":" + std::string(1 << 20, '[')).stream);
  CHECK_FALSE(read_body_hints("{\"a\":\"" + std::string(1 << 20, '\\') + "\"").stream);
}

TEST_CASE("a body read as it arrives says what it says as a whole, wherever it was cut and wherever it has moved", "[route]") {
  const std::string body = "{\"messages\":[{\"role\":\"system\",\"content\":\"You are a title generator " + std::string(90, 'x') +
                           R"(\\\" ]}"},{"n":[12,{}]}],"stream" : true , "mod\u0065l":"glm-\"4","tools":[1],"max_tokens":7,"cut)";
  const auto whole = read_body_hints(body);
  REQUIRE(whole.title_prompt);
  REQUIRE(whole.model == "glm-\"4");
  for (std::size_t first = 0; first <= body.size(); ++first)
    for (std::size_t step : {1, 7, 64, 1000}) {
      BodyHintsReader reader;
      for (std::size_t size = first; size < body.size(); size += step) reader.read(std::string(body, 0, size));
      const auto hints = reader.finish(body);
      const bool same = hints.model == whole.model && hints.stream == whole.stream && hints.has_tools == whole.has_tools &&
                        hints.title_prompt == whole.title_prompt && hints.max_tokens == whole.max_tokens &&
                        hints.rough_tokens == whole.rough_tokens;
      if (!same) FAIL("first cut at " << first << ", then every " << step);
    }
}

TEST_CASE("a long name that trickles in is not looked at again and again", "[route]") {
  const std::string body = "{\"" + std::string(1 << 20, 'n');
  const auto start = std::chrono::steady_clock::now();
  BodyHintsReader reader;
  for (std::size_t size = 0; size <= body.size(); size += 64) reader.read({body.data(), size});
  CHECK(reader.finish(body).model.empty());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));  // some ms; every time anew would be 8 GB
}
