// SPDX-License-Identifier: Apache-2.0
#include "http/runtime.hpp"

#include "support/catch.hpp"

using namespace siltgate::http;

TEST_CASE("runtimes that replay a POST on a reused connection are told to close", "[http]") {
  for (auto agent :
       {"opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5", "Bun/1.3.13", "Bun/1.2.0", "Bun/1.3.14-canary.1",
        "opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.13", "opencode/1.15.12", "opencode/local", "", "-",
        "OpenAI/JS 5.1.0", "Anthropic/JS 0.60.0", "ai-sdk/openai-compatible/1.0", "Bun/x", "xcurl/8", "curly", "Mozilla/5.0"}) {
    INFO(agent);
    CHECK(may_replay_posts(agent));
    CHECK(close_after_response(KeepAlive::automatic, agent));
    CHECK_FALSE(close_after_response(KeepAlive::always, agent));
  }
}

TEST_CASE("runtimes known not to replay keep their connection", "[http]") {
  for (auto agent :
       {"opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14", "Bun/1.3.14", "Bun/1.4.0", "Bun/2", "node",
        "undici", "ai-sdk/5 runtime/node.js/22", "python-httpx/0.28", "OpenAI/Python 2.1.0", "AsyncOpenAI/Python 1.0",
        "Anthropic/Python 0.40", "curl/8.5.0", "Go-http-client/1.1", "Python/3.11 aiohttp/3.9.1", "opencode/1.15.13"}) {
    INFO(agent);
    CHECK_FALSE(may_replay_posts(agent));
    CHECK_FALSE(close_after_response(KeepAlive::automatic, agent));
    CHECK(close_after_response(KeepAlive::never, agent));
  }
}

TEST_CASE("a broken stream aborts for opencode before 1.15 and says so to others", "[http]") {
  CHECK(failure_for(StreamFailure::automatic, "opencode/1.14.41 runtime/bun/1.3.13") == StreamFailure::abort);
  CHECK(failure_for(StreamFailure::automatic, "opencode/1.15.0") == StreamFailure::error_event);
  CHECK(failure_for(StreamFailure::automatic, "opencode/1.18.33") == StreamFailure::error_event);
  CHECK(failure_for(StreamFailure::automatic, "") == StreamFailure::error_event);
  CHECK(failure_for(StreamFailure::abort, "curl/8") == StreamFailure::abort);
  CHECK(failure_for(StreamFailure::error_event, "opencode/1.1.34") == StreamFailure::error_event);
}

TEST_CASE("the product of a User-Agent is its first word, bounded", "[http]") {
  CHECK(product_of("opencode/1.18.33 x") == "opencode/1.18.33");
  CHECK(product_of("") == "-");
  CHECK(product_of(" x") == "-");
  CHECK(product_of(std::string(200, 'a')).size() == 64);
}
