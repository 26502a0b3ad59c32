// SPDX-License-Identifier: Apache-2.0
// The fast reader against Boost.JSON's parser: the same answer for every payload, its cuts and its mutations.
#include "stream/sound_chunk.hpp"

#include <filesystem>
#include <memory>
#include <random>

#include "support/catch.hpp"
#include "support/read_alike.hpp"
#include "unit/stream/feeding.hpp"

using namespace siltgate::stream;
using namespace siltgate::stream::test;

namespace {

/// In memory of its own without a byte behind it: the sanitizers see a look too far.
BothReadings readings(std::string_view payload) {
  const std::unique_ptr<char[]> bytes(new char[payload.size()]);
  payload.copy(bytes.get(), payload.size());
  return read_twice({bytes.get(), payload.size()});
}

bool alike(std::string_view payload) {
  const BothReadings both = readings(payload);
  if (both.usual == both.parsed) return true;
  WARN(payload << "\n  usual:  " << both.usual << "\n  parser: " << both.parsed);
  return false;
}

/// Payloads whose reading matters, each at least once in every dialect.
std::vector<std::string> payloads() {
  std::vector<std::string> found = {
      R"({"id":"A","created":1760462792,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"a\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t"},"logprobs":null,"finish_reason":null}]})",
      R"({"choices":[{"delta":{"tool_calls":[{"index":2,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]},"finish_reason":"st\u006fp"},{"index":1,"finish_reason":"stop","message":null}],"usage":{"prompt_tokens":3,"completion_tokens":9}})",
      R"({ "id" : "x", "choices" : [ { "index" : 0 , "delta" : { } } , 7 , [ ] ] , "choices" : { } , "x" : true , "y" : false , "x" : [ 1 , -2.5e-07 , -0.001 ] })",
      R"({"choices":[{"index":0,"delta":{"content":"t"},"logprobs":{"content":[{"token":"t","logprob":-0.0001,"bytes":[116],"top_logprobs":[{"token":"t","logprob":-1.2e-05}]}]}}]})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\": \"\\n"}})",
      R"({"type":"message_start","message":{"id":"msg_1","content":[{"type":"text","text":"x"}],"usage":{"input_tokens":12,"output_tokens":1}}})",
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn","thinking":"hm","text":""},"usage":{"output_tokens":15}})",
      R"({"type":"response.function_call_arguments.delta","sequence_number":2,"output_index":0,"delta":"{\"x\":"})",
      R"({"type":"response.completed","response":{"id":"r","status":"completed","error":null,"created_at":1.5e9,"usage":{"input_tokens":7}}})",
      R"({"output":[{"content":[{"text":"a"}],"arguments":"{}"},{"summary":[{"thinking":"b"}]}],"content":[{"text":"c"}],"status":"s"})",
      R"({"choices":[{"message":{"content":"a","reasoning":"b","tool_calls":[{"function":{"arguments":"{}"}}]},"finish_reason":""}]})",
      R"({"code":500,"msg":"no","success":false,"error":{"code":"x","message":"y"},"created":-5,"index":99999999999})",
      R"({"created":123456789012345678,"a":1234567890123456789,"b":18446744073709551616,"c":-0,"d":0.0,"e":1e9999,"f":-9223372036854775808})",
      R"({"\u0069d":"escaped","id":"twice","a\u0062":1,"ab":2,"":"","q":"\u0000\ud800"})",
      R"({"type":"ping"} )"};
  std::string many = "{\"id\":\"m\"";
  for (int i = 0; i < 40; ++i) many += ",\"k" + std::to_string(i) + "\":" + std::to_string(i);
  found.push_back(many + "}");
  found.push_back("{\"deep\":" + std::string(60, '[') + std::string(60, ']') + "}");
  for (const Sample& sample : samples())
    for (std::size_t at = 0; (at = sample.body.find("data: ", at)) != std::string::npos; ++at)
      found.push_back(sample.body.substr(at + 6, sample.body.find('\n', at) - at - 6));
  return found;
}

}  // namespace

TEST_CASE("the usual chunk of every dialect is read by the fast reader", "[stream]") {
  std::size_t fast = 0, all = 0;
  for (const Sample& sample : samples())
    for (std::size_t at = 0; (at = sample.body.find("data: {", at)) != std::string::npos; ++at, ++all)
      fast += readings(std::string_view(sample.body).substr(at + 6, sample.body.find('\n', at) - at - 6)).fast;
  CHECK(all > 20);
  CHECK(fast + 2 >= all);  // but for two that are shorter than any chunk
}

TEST_CASE("the fast reader and the parser agree about a payload, all its cuts and all changes of one byte", "[stream]") {
  for (const std::string& payload : payloads()) {
    REQUIRE(alike(payload));
    for (std::size_t cut = 0; cut < payload.size(); ++cut) {
      REQUIRE(alike(payload.substr(0, cut)));
      REQUIRE(alike(payload.substr(0, cut) + "}"));
      REQUIRE(alike(payload.substr(0, cut) + payload.substr(cut + 1)));
    }
    std::string other = payload;
    for (std::size_t at = 0; at < payload.size(); ++at) {
      for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 'u', ' ', '\n', '\x1f', '\0', '\x7f', '\xe4'}) {
        other[at] = c;
        REQUIRE(alike(other));
      }
      other[at] = payload[at];
    }
  }
}

TEST_CASE("the fast reader and the parser agree about every payload of the recorded streams and its changes", "[stream]") {
  if (!corpus()) {
    WARN("corpus absent: set SILTGATE_CORPUS");
    return;
  }
  std::mt19937 random(23);
  std::size_t fast = 0, all = 0, tried = 0;
  const auto look = [&](std::string_view payload) {
    const BothReadings both = readings(payload);
    INFO(payload);
    REQUIRE(both.usual == both.parsed);
    fast += both.fast;
    ++all;
    for (int i = 0; i < 4; ++i, ++tried) {
      std::string other(payload.substr(0, i == 0 ? random() % (payload.size() + 1) : payload.size()));
      for (int n = 0; n < i && !other.empty(); ++n)
        other[random() % other.size()] = random() % 2 ? payload[random() % payload.size()] : static_cast<char>(random());
      REQUIRE(alike(other));
    }
  };
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*corpus())) {
    if (!entry.is_regular_file() || entry.path().filename() == "index.jsonl") continue;
    const std::string body = slurp(entry.path().string());
    if (entry.path().parent_path().filename() == "json") look(body);
    for (std::size_t at = 0; (at = body.find("data:", at)) != std::string::npos; ++at) {
      const std::size_t start = body.find_first_not_of(' ', at + 5);
      if (start == std::string::npos || body[start] == '\n') continue;
      look(std::string_view(body).substr(start, std::min(body.find('\n', start), body.size()) - start));
    }
  }
  CHECK(all > 10000);
  CHECK(fast * 100 > all * 95);
  CHECK(tried == 4 * all);
}
