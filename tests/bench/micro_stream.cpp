// SPDX-License-Identifier: Apache-2.0
// Prints what checking costs: nanoseconds per event for the ways bytes arrive. Not a test; compare on one machine.
#include <chrono>
#include <cstdio>
#include <string>
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
      checker.delivered();
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

int main() {
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
  measure("2 KB events", std::vector<std::string>(events, large), events);
}
