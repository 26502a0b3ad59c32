// SPDX-License-Identifier: Apache-2.0
#include "stream/chunk_reader.hpp"

#include "support/catch.hpp"

using namespace siltgate::stream;

TEST_CASE("a chat chunk yields its members and its decoded output", "[stream]") {
  const std::string payload =
      R"({"x":{"id":"no","choices":[{"index":9}]},"id":"A","created":1.5e3,"choices":[{"delta":{"content":"a\u00e9\n","role":"assistant",)"
      R"("reasoning_content":"r","tool_calls":[{"index":2,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]},"index":1,)"
      R"("finish_reason":"st\u006fp"},{"index":0,"finish_reason":"stop","delta":{"role":"x"}}],"usage":{"prompt_tokens":3,"d":{"completion_tokens":9}}})";
  ChunkReader reader;
  const auto result = reader.read(payload);
  const ChunkFacts& facts = reader.facts();
  REQUIRE(result.sound);
  CHECK(facts.id == "A");
  CHECK(facts.created == 1500);
  REQUIRE(facts.choice_count == 2);
  CHECK(facts.choice_list[0].index == 1);
  CHECK(facts.choice_list[0].finish_reason.value == "stop");
  CHECK(facts.choice_list[0].finish_reason.at == std::string_view::npos);
  CHECK(payload.substr(facts.choice_list[1].finish_reason.at, 4) == "stop");
  CHECK(facts.choice_list[1].only_role);
  CHECK_FALSE(facts.choice_list[0].only_role);
  REQUIRE(facts.outputs.size() == 3);
  CHECK(facts.outputs[0].text == "a\xC3\xA9\n");
  CHECK(facts.outputs[0].choice == 1);
  CHECK(facts.outputs[1].channel == Output::Channel::reasoning);
  CHECK(facts.outputs[2].text == "{\"a\"");
  CHECK(facts.choice_list[0].calls.at(0).index == 2);
  CHECK(facts.input_tokens == 3);
  CHECK_FALSE(facts.output_tokens);
  CHECK_FALSE(facts.duplicate_key);
}

TEST_CASE("a key that occurs twice at the root is seen, also among many and with escapes", "[stream]") {
  ChunkReader reader;
  CHECK(reader.read(R"({"a":1,"\u0061":2})").sound);
  CHECK(reader.facts().duplicate_key);
  reader.read(R"({"a":{"b":1,"b":2}})");
  CHECK_FALSE(reader.facts().duplicate_key);
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  reader.read(many + "\"k\":1}");
  CHECK_FALSE(reader.facts().duplicate_key);
  reader.read(many + "\"k70\":1}");
  CHECK(reader.facts().duplicate_key);
}

TEST_CASE("the reader survives odd shapes where it expects others", "[stream]") {
  ChunkReader reader;
  for (const char* payload :
       {R"({"choices":[[{"index":1}],null,"x",{"delta":"s","tool_calls":[{}]}]})", R"({"choices":{"index":1,"delta":{"tool_calls":[{}]}}})",
        R"({"choices":[{"delta":{"tool_calls":{"index":1,"function":{"arguments":"x"}}}}]})", R"([{"choices":[{}]}])", R"("x")", "7",
        R"({"delta":{"delta":{"delta":{}}},"message":[{"id":3}],"usage":[{"input_tokens":1}]})",
        R"({"choices":[{"delta":{"tool_calls":[[{"id":"x"}],7,{"function":[{"name":"f"}]}]}}]})",
        R"({"choices":[{"delta":{"a":{"b":{"c":{"d":{"e":{"f":[[[{"content":"\n"}]]]}}}}},"content":"ok"}}]})"}) {
    INFO(payload);
    CHECK(reader.read(payload).sound);
  }
  REQUIRE(reader.facts().outputs.size() == 1);
  CHECK(reader.facts().outputs[0].text == "ok");
}

TEST_CASE("more choices or calls than a chunk can have are not noted", "[stream]") {
  ChunkReader reader;
  std::string many = "{\"choices\":[{\"delta\":{\"tool_calls\":[{}";
  for (int i = 0; i < 3000; ++i) many += ",{\"index\":1}";
  many += "]}}";
  for (int i = 0; i < 3000; ++i) many += ",{\"index\":1}";
  CHECK(reader.read(many + "]}").sound);
  CHECK(reader.facts().too_many);
  CHECK(reader.facts().choice_count <= 1024);
}
