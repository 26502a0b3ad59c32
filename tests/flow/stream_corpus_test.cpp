// SPDX-License-Identifier: Apache-2.0
// Every recorded sound stream of the reference corpus through a running siltgate, in several chunkings: byte-identical.
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;

namespace {

constexpr const char* everything_rejected = R"({
  "providers": {"up": {"profile": "generic", "retry": {"attempts": 1}}},
  "validate": {"content_type": "reject", "utf8": "reject", "sse": "reject", "json": "reject", "shape": "reject", "splice": "reject",
               "finish": "reject", "finish_reason": "reject", "tool_arguments": "reject", "garble": "reject"}})";

std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The path a client would have used, told from the content; a path that is no inference call where it is no known dialect.
std::string path_of(const std::string& body) {
  const auto has = [&](const char* text) { return body.find(text) != std::string::npos; };
  if (has("\"object\":\"text_completion\"")) return "/v1/completions";
  if (has("chat.completion.chunk") || (has("\"choices\":") && has("\"delta\":"))) return "/v1/chat/completions";
  if (has("event: response.") || has("\"type\":\"response.")) return "/v1/responses";
  if (has("message_start")) return "/v1/messages";
  return "/v1/other";
}

struct Recording {
  std::string file, body;
  std::vector<std::size_t> borders;  // as recorded; empty = not recorded
};

std::vector<Recording> sound_recordings(const std::string& folder) {
  std::vector<Recording> all;
  std::istringstream lines(slurp(folder + "index.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    auto row = nlohmann::json::parse(line);
    Recording one{row["file"], {}, {}};
    if (row["klass"] == "anomalous" || row["content_label"] == "degenerate" || one.file.find("spliced-message-start") != std::string::npos) continue;
    one.body = slurp(folder + one.file);
    std::size_t at = 0;
    if (row["chunk_lens"].is_array())
      for (std::size_t length : row["chunk_lens"])
        if ((at += length) < one.body.size()) one.borders.push_back(at);
    all.push_back(std::move(one));
  }
  return all;
}

/// How request number `mode` of a recording is cut: as recorded (else one chunk), at random, byte by byte.
std::vector<std::string> parts_of(const Recording& recording, int mode) {
  std::vector<std::size_t> borders = recording.borders;
  if (mode > 0) borders.clear();
  std::mt19937 random(static_cast<unsigned>(recording.body.size()));
  for (std::size_t at = 0; mode > 0;) {
    at += mode == 2 ? 1 : 1 + random() % 900;
    if (at >= recording.body.size()) break;
    borders.push_back(at);
  }
  return cut_at(recording.body, borders);
}

void check_all(const std::vector<Recording>& recordings) {
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    auto request = nlohmann::json::parse(exchange.request().body);
    exchange.start_stream();
    for (const auto& part : parts_of(recordings.at(request["recording"]), request["mode"])) exchange.chunk(part);
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, everything_rejected);
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    for (int mode = 0; mode < 3; ++mode) {
      if (mode == 2 && (i % 12 != 0 || recordings[i].body.size() > 12'000)) continue;
      nlohmann::json request{{"model", "m" + std::to_string(i)}, {"stream", true}, {"recording", i}, {"mode", mode}};
      auto reply = TestClient::ask(siltgate.port(), request.dump(), "", path_of(recordings[i].body));
      INFO(recordings[i].file << " mode " << mode << " status " << reply.status << " ends with "
                              << reply.body.substr(reply.body.size() - std::min<std::size_t>(reply.body.size(), 300)));
      CHECK(reply.clean());
      CHECK((reply.body == recordings[i].body));
    }
  }
  CHECK(upstream.connections() == 1);  // every one of them ended so that the next could follow
}

}  // namespace

TEST_CASE("recorded sound streams pass a running siltgate byte-identical with every check on reject", "[relay][corpus]") {
  const char* corpus = std::getenv("SILTGATE_CORPUS");
  std::vector<Recording> recordings;
  if (corpus) {
    recordings = sound_recordings(std::string(corpus) + "/streams/");
    CHECK(recordings.size() > 450);
  } else {
    WARN("corpus absent: set SILTGATE_CORPUS; small samples only");
    recordings = {{"chat", sse_chat({"Hello", " w\xc3\xb6rld"}), {}}, {"messages", joined(message_events("Hi")), {}}};
  }
  check_all(recordings);
}
