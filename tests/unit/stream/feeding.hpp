// SPDX-License-Identifier: Apache-2.0
// What the stream tests share: configurations, feeding by cuts, sample streams, the reference corpus.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/stream_checker.hpp"

namespace siltgate::stream::test {

inline Config all(Action action) {
  Config config;
  config.actions.fill(action);
  return config;
}

inline Config with(Check check, Action action) {
  Config config = all(Action::reject);
  config[check] = action;
  return config;
}

struct Outcome {
  std::string delivered;
  bool rejected = false;
  bool at_boundary = true;
  std::vector<Finding> findings;
  std::string finish_reason;
  bool proper_end = false;
  bool provider_error = false;
  std::uint64_t events = 0;

  bool found(Check check) const {
    for (const Finding& finding : findings)
      if (finding.check == check && finding.action != Action::flag) return true;
    return false;
  }
  bool flagged(Check check) const {
    for (const Finding& finding : findings)
      if (finding.check == check && finding.action == Action::flag) return true;
    return false;
  }
};

/// Feeds `body` in reads whose sizes `next_size` gives, then ends the body.
inline Outcome run(std::string_view body, Dialect dialect, const Config& config,
                   const std::function<std::size_t()>& next_size) {
  StreamChecker checker(dialect, config);
  Outcome out;
  const auto take = [&](const Step& step) {
    out.delivered += step.first;
    out.delivered += step.second;
    out.rejected = step.rejected;
    out.at_boundary = step.at_boundary;
  };
  while (!body.empty() && !out.rejected) {
    // Each read lives in a buffer of its own, so that a view kept too long is seen by the sanitizers.
    const std::string read(body.substr(0, std::max<std::size_t>(1, next_size())));
    body.remove_prefix(read.size());
    take(checker.feed(read));
  }
  if (!out.rejected) take(checker.finish());
  out.findings = checker.findings();
  out.finish_reason = checker.finish_reason();
  out.proper_end = checker.saw_proper_end();
  out.provider_error = checker.provider_error().has_value();
  out.events = checker.events();
  return out;
}

inline Outcome run(std::string_view body, Dialect dialect = Dialect::openai_chat,
                   const Config& config = all(Action::reject), std::size_t size = std::string_view::npos) {
  return run(body, dialect, config, [size] { return size; });
}

inline std::string hex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

/// The folder of the reference corpus, or nothing.
inline std::optional<std::string> corpus() {
  const char* folder = std::getenv("SILTGATE_CORPUS");
  return folder && *folder ? std::optional<std::string>(folder) : std::nullopt;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Small streams of the three dialects.

inline std::string chat_chunk(std::string_view id, std::string_view delta, std::string_view rest = "") {
  return "data: {\"id\":\"" + std::string(id) +
         "\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" +
         std::string(delta) + "}" + std::string(rest) + "}]}\n\n";
}

inline std::string chat_stream(std::string_view id = "A", std::string_view finish = "stop") {
  return chat_chunk(id, R"("role":"assistant","content":"")") + chat_chunk(id, R"("content":"The quick \u00e9 ")") +
         chat_chunk(id, "\"content\":\"brown \xE7\x8B\x90 fox\"") +
         chat_chunk(id, "", ",\"finish_reason\":\"" + std::string(finish) + "\"") + "data: [DONE]\n\n";
}

/// As Z.AI sends them: a role in every delta, no object, CRLF-free.
inline std::string zai_stream(std::string_view id = "20251015") {
  const std::string head = "data: {\"id\":\"" + std::string(id) + "\",\"created\":1760462792,\"model\":\"glm-4.5\",\"choices\":[{\"index\":0,";
  return head + "\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"Let\"}}]}\n\n" + head +
         "\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\" me\"}}]}\n\n" + head +
         "\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"}}]}\n\n" + head +
         "\"finish_reason\":\"stop\",\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":{\"prompt_tokens\":26,"
         "\"completion_tokens\":271}}\n\ndata: [DONE]\n\n";
}

inline std::string named(std::string_view type, std::string_view rest) {
  return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" + std::string(rest) + "}\n\n";
}

inline std::string anthropic_stream(std::string_view id = "msg_1") {
  return named("message_start", ",\"message\":{\"id\":\"" + std::string(id) +
                                    "\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":12,"
                                    "\"output_tokens\":1}}") +
         named("ping", "") + named("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})") +
         named("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":"Hello"})") +
         named("content_block_stop", R"(,"index":0)") +
         named("content_block_start", R"(,"index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}})") +
         named("content_block_delta", R"(,"index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\""})") +
         named("content_block_delta", R"(,"index":1,"delta":{"type":"input_json_delta","partial_json":":1}"})") +
         named("content_block_stop", R"(,"index":1)") +
         named("message_delta", R"(,"delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15})") +
         named("message_stop", "");
}

inline std::string responses_stream(std::string_view id = "resp_1") {
  const std::string response = ",\"response\":{\"id\":\"" + std::string(id) + "\",\"object\":\"response\",\"created_at\":1763474589,";
  return named("response.created", ",\"sequence_number\":0" + response + "\"status\":\"in_progress\",\"error\":null}") +
         named("response.output_item.added", R"(,"sequence_number":1,"output_index":0,"item":{"type":"function_call"})") +
         named("response.function_call_arguments.delta", R"(,"sequence_number":2,"output_index":0,"delta":"{\"x\":")") +
         named("response.function_call_arguments.delta", R"(,"sequence_number":3,"output_index":0,"delta":"1}")") +
         named("response.function_call_arguments.done", R"(,"sequence_number":4,"output_index":0,"arguments":"{\"x\":1}")") +
         named("response.output_text.delta", R"(,"sequence_number":5,"output_index":1,"delta":"Hi")") +
         named("response.completed", ",\"sequence_number\":6" + response +
                                         "\"status\":\"completed\",\"usage\":{\"input_tokens\":7,\"output_tokens\":8}}");
}

struct Sample {
  Dialect dialect;
  std::string body;
  std::string other;  // a second response of the same kind
};

inline std::vector<Sample> samples() {
  return {{Dialect::openai_chat, chat_stream("A"), chat_stream("B")},
          {Dialect::openai_chat, zai_stream("2025A"), zai_stream("2025B")},
          {Dialect::openai_responses, responses_stream("resp_1"), responses_stream("resp_2")},
          {Dialect::anthropic_messages, anthropic_stream("msg_1"), anthropic_stream("msg_2")}};
}

}  // namespace siltgate::stream::test
