// SPDX-License-Identifier: Apache-2.0
// `concurrency: auto` against a provider that does not tell its cap, over real sockets: clients see no refusal, and the
// provider has little to refuse.
#include <atomic>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using namespace std::chrono_literals;

namespace {

constexpr int requests = 200, clients = 8;

// An answer takes many times as long as the way to the provider, or requests overtake each other so much that nobody could tell
// who was in flight with whom. A sanitizer makes the way several times longer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr auto answer_time = 60ms;
#else
constexpr auto answer_time = 15ms;
#endif

/// Asks from several sessions at once until `requests` are answered; how many replies were not 200.
int ask_all(std::uint16_t port) {
  std::atomic<int> next{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&, c] {
      while (next++ < requests) {
        const auto reply = TestClient::ask(port, chat_request(), "x-session-id: ses_" + std::to_string(c) + "\r\n");
        if (reply.status != 200 || !reply.clean()) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  return wrong;
}

}  // namespace

TEST_CASE("an unknown cap is found while clients see no refusal and the provider refuses little", "[auto]") {
  for (const int cap : {1, 2, 3, 5}) {
    UpstreamOptions options;
    options.cap = cap;
    std::atomic<int> served{0}, refused_early{0};
    ScriptedUpstream upstream(
        [&](UpstreamExchange& exchange) {
          exchange.start_stream();
          exchange.chunk(chat_event("Hi"));
          exchange.stall(std::chrono::steady_clock::now() + answer_time);
          exchange.chunk(sse_chat({"there"}));
          exchange.end_stream();
          if (++served == 20) refused_early = upstream.refused();
        },
        std::move(options));
    RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"limits": {"concurrency": "auto"}}}})");
    CHECK(ask_all(siltgate.port()) == 0);
    const int late = upstream.refused() - refused_early;
    INFO("true cap " << cap << ": " << upstream.refused() << " refused, " << late << " after the first 20 answers");
    CHECK(late <= (requests - 20) * 3 / 100);
    CHECK(upstream.max_in_flight() == cap);
    const auto key = siltgate.state()["keys"][0];
    CHECK(key["automatic"] == true);
    CHECK(key["cap"] >= std::max(1, cap - 1));
    CHECK(key["cap"] <= cap + 1);
  }
}
