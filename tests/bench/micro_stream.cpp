// SPDX-License-Identifier: Apache-2.0
// Prints what checking costs: nanoseconds per event for the ways bytes arrive. Not a test; compare on one machine.
// With a kind and a count it feeds that many reads of the kind and prints nothing: for callgrind, which counts instructions.
//   valgrind --tool=callgrind --toggle-collect='siltgate::stream::StreamChecker::feed*' bench_micro content 2000
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "stream/stream_checker.hpp"

using namespace siltgate;
using namespace siltgate::stream;

namespace {

constexpr int events = 2000;  // few per round and the best of many rounds: other work on the machine disturbs less

std::string chunk(const std::string& text) {
  return "data: {\"id\":\"chatcmpl-9a8b7c6d5e4f\",\"object\":\"chat.completion.chunk\",\"created\":1762317021,\"model\":\"glm-4.6\","
         "\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text +
         "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
}

std::string delta(const std::string& members) {
  return "data: {\"id\":\"chatcmpl-9a8b7c6d5e4f\",\"object\":\"chat.completion.chunk\",\"created\":1762317021,\"model\":\"glm-4.6\","
         "\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{\"index\":0,\"delta\":{" + members +
         "},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
}

constexpr const char* message_start =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
    "\"content\":[],\"usage\":{\"input_tokens\":12,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";

/// The first read of a stream, and the read that follows again and again.
struct Kind {
  const char* name;
  Dialect dialect;
  std::string start, read;
};

std::vector<Kind> kinds() {
  std::string burst;
  for (int i = 0; i < 16; ++i) burst += chunk(" token");
  const std::string open_call = delta(R"("tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"["}}])");
  return {{"content", Dialect::openai_chat, chunk(""), chunk(" token")},
          {"chinese", Dialect::openai_chat, chunk(""), chunk("\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97\xE7\xAC\xA6")},
          {"reasoning", Dialect::openai_chat, chunk(""), delta(R"("role":"assistant","reasoning_content":" so \"that\"\n")")},
          {"arguments", Dialect::openai_chat, open_call,
           delta(R"("tool_calls":[{"index":0,"function":{"arguments":"\"path\", "}}])")},
          {"anthropic", Dialect::anthropic_messages, message_start,
           "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}}\n\n"},
          {"burst", Dialect::openai_chat, chunk(""), burst}};
}

/// `garble` off leaves out the check that reads the model's text.
int repeat(std::string_view name, int reads, bool garble) {
  for (const Kind& kind : kinds()) {
    if (kind.name != name) continue;
    Config config;
    if (!garble) config[Check::garble] = Action::pass;
    StreamChecker checker(kind.dialect, config);
    checker.feed(kind.start);
    for (int i = 0; i < reads; ++i)
      if (checker.feed(kind.read).rejected) return std::printf("rejected: %s\n", checker.findings().back().reason.c_str());
    return 0;
  }
  return 64;
}

/// Many streams in turn, and the best round's nanoseconds for each event: what one costs when the memory of its stream is no
/// longer near.
double turns(std::size_t streams, int rounds, bool garble) {
  Config config;
  if (!garble) config[Check::garble] = Action::pass;
  const std::string one = chunk(" token");
  std::vector<StreamChecker> checkers;
  for (std::size_t i = 0; i < streams; ++i) checkers.emplace_back(Dialect::openai_chat, config);
  std::vector<std::size_t> order(streams);  // no order that the processor could guess
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < streams; ++i) checkers[order[i]].feed(one);
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    best = std::min(best, spent.count() / static_cast<double>(streams));
  }
  return best;
}

void measure(const char* name, const std::vector<std::string>& reads, int count) {
  double best = 1e9;
  for (int round = 0; round < 100; ++round) {
    StreamChecker checker(Dialect::openai_chat, Config{});
    const auto start = std::chrono::steady_clock::now();
    for (const std::string& read : reads) {
      if (checker.feed(read).rejected) {
        std::printf("%s: rejected: %s\n", name, checker.findings().back().reason.c_str());
        return;
      }
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    best = std::min(best, spent.count() / count);
  }
  std::printf("%-34s %8.0f ns per event\n", name, best);
}

std::vector<std::string> cut(const std::string& all, std::size_t size) {
  std::vector<std::string> reads;
  for (std::size_t at = 0; at < all.size(); at += size) reads.push_back(all.substr(at, size));
  return reads;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "streams") return turns(500, std::atoi(argv[2]), argc == 3), 0;
  if (argc > 2) return repeat(argv[1], std::atoi(argv[2]), argc == 3);
  const std::string one = chunk(" token");
  std::string all;
  for (int i = 0; i < events; ++i) all += one;
  std::string chinese;
  for (int i = 0; i < events; ++i) chinese += chunk("\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97\xE7\xAC\xA6");
  const std::string large = chunk(std::string(1800, 'x'));
  std::printf("event of %zu bytes; a checker at rest takes %zu bytes\n", one.size(), StreamChecker::state_size());
  measure("one event per read", std::vector<std::string>(events, one), events);
  measure("bursts of 16 KiB", cut(all, 16384), events);
  measure("reads of 100 bytes", cut(all, 100), events);
  measure("reads of one byte", cut(all.substr(0, one.size() * 100), 1), 100);
  measure("Chinese, one event per read", std::vector<std::string>(events, chunk("\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97\xE7\xAC\xA6")), events);
  for (std::size_t streams : {1, 500, 20000})
    std::printf("%5zu streams in turn %22.0f ns per event\n", streams, turns(streams, 40, true));
  measure("2 KB events", std::vector<std::string>(events, large), events);
}
