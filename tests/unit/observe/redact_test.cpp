// SPDX-License-Identifier: Apache-2.0
#include "observe/redact.hpp"

#include <vector>

#include "observe/secret_names.hpp"

#include "support/catch.hpp"

using namespace siltgate::observe;

TEST_CASE("credentials are taken out of text, the rest stays", "[observe]") {
  const std::vector<std::string> secrets{"team-secret", "abc"};
  CHECK(redact("a team-secret b abc", secrets) == "a [redacted] b abc");
  CHECK(redact("Authorization: Bearer 0123456789abcdef, next") == "Authorization: Bearer [redacted], next");
  CHECK(redact("authorization: Basic dXNlcjpwYXNz") == "authorization: Basic [redacted]");
  CHECK(redact("\"x-api-key\":\"zzzzzzzzzz\"}") == "\"x-api-key\":\"[redacted]\"}");
  CHECK(redact("key sk-proj-abcdefgh1234 was bad") == "key [redacted] was bad");
  CHECK(redact("0123456789abcdef0123456789abcdef.Qwertz123456 x") == "[redacted] x");
  CHECK(redact("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc x") == "[redacted] x");
  CHECK(redact("see http://u:plainword@h/x?a=1&subscription-key=plainword&b=2#c") == "see http://u:[redacted]@h/x?a=1&subscription-key=[redacted]&b=2#c");
}

TEST_CASE("ordinary text is not taken for a credential", "[observe]") {
  for (auto text : {"", "task-force ask-me-anything", "sk-", "disk-usage-report-2026", "bearer of bad news", "version 1.2.3",
                    "http://a@h/?max_tokens=100000&x=12345678", "https://h:80/a@b", "?key=short",
                    "SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855."})
    CHECK(redact(text) == text);
}

TEST_CASE("masking keeps the length and catches secrets cut by the excerpt's ends", "[observe]") {
  const std::vector<std::string> secrets{"0123456789"};
  CHECK(mask("ab0123456789cd", secrets) == "ab**********cd");
  for (std::size_t cut = 0; cut <= 6; ++cut) {
    const std::string tail = std::string("0123456789").substr(cut);
    CHECK(mask(tail + "-x", secrets) == std::string(tail.size(), '*') + "-x");
    const std::string front = std::string("0123456789").substr(0, 10 - cut);
    CHECK(mask("x-" + front, secrets) == "x-" + std::string(front.size(), '*'));
  }
  CHECK(mask("2345", secrets) == "****");
  CHECK(mask("", secrets).empty());
}

TEST_CASE("a field is a credential when a word of its name says so", "[observe]") {
  for (auto name : {"Authorization", "x-api-key", "api_key", "Cookie", "Set-Cookie", "Ocp-Apim-Subscription-Key", "Subscription-Key", "X-Functions-Key", "X-Auth-Key",
                    "X-Access-Key", "X-API_KEY", "X-Password", "X-Auth", "X-Portkey-Virtual-Key", "X-Litellm-Key", "Authentication", "X-Goog-Api-Key", "X-Amz-Security-Token",
                    "X-AccessToken", "siltgate-token", "X-Client-Secret", "Proxy-Authorization", "X-Hub-Signature-256"})
    CHECK(secret_field(name));
  for (auto name : {"Idempotency-Key", "Sec-WebSocket-Key", "x-session-id", "x-session-affinity", "x-opencode-session", "x-ratelimit-remaining-tokens",
                    "anthropic-ratelimit-tokens-reset", "x-goog-api-client", "User-Agent", "Content-Type", "Keep-Alive", "X-Auth-Type", "x-monkey", "Author", "code", ""})
    CHECK_FALSE(secret_field(name));
  for (auto name : {"key", "api_key", "subscription-key", "sig", "code", "password", "token", "access_token", "signature", "apiKey"}) CHECK(secret_parameter(name));
  for (auto name : {"model", "max_tokens", "api-version", "session"}) CHECK_FALSE(secret_parameter(name));
}
