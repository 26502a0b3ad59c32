// SPDX-License-Identifier: Apache-2.0
#include "schedule/refusal.hpp"

#include <map>

#include "schedule/marks.hpp"
#include "schedule/refusal_wait.hpp"
#include "schedule/repeat_guard.hpp"
#include "support/catch.hpp"

using namespace siltgate;
using namespace siltgate::schedule;
using namespace std::chrono_literals;

namespace {

using Headers = std::map<std::string, std::string, std::less<>>;

HeaderLookup lookup(const Headers& headers) {
  return [&headers](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
  };
}

const WallTime now = WallTime{std::chrono::sys_days{std::chrono::year(2026) / 9 / 8}} + 12h;

RefusalClass of(std::string_view profile, int status, std::string_view body, const Headers& headers = {}) {
  return classify(profile, status, body, lookup(headers), now).klass;
}

std::string zai(int code) {
  return R"({"error":{"code":")" + std::to_string(code) + R"(","message":"text"}})";
}

std::string times(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("every code of Z.AI has its class", "[schedule]") {
  const std::vector<std::pair<RefusalClass, std::vector<int>>> table{
      {RefusalClass::concurrency, {1302}},
      {RefusalClass::rate, {1303}},
      {RefusalClass::overloaded, {1305, 1312}},
      {RefusalClass::transient, {500, 1234, 1230}},
      {RefusalClass::quota, {1304, 1308, 1310, 1316, 1317, 1318, 1319, 1320, 1321}},
      {RefusalClass::account, {1110, 1111, 1112, 1113, 1114, 1115, 1116, 1117, 1118, 1119, 1120, 1121, 1309, 1311, 1313, 1314, 1315}},
      {RefusalClass::auth, {1000, 1001, 1002, 1003, 1004, 1220, 1221, 1222}},
      {RefusalClass::request, {1210, 1211, 1212, 1213, 1214, 1215, 1261, 1300, 1301, 1231}}};
  for (const auto& [klass, codes] : table)
    for (int code : codes)
      for (int status : {200, 400, 429, 500}) {
        INFO(code << " with " << status);
        CHECK(of("zai", status, zai(code)) == klass);
      }
}

TEST_CASE("envelopes of every shape are read", "[schedule]") {
  CHECK(of("anthropic", 529, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})") == RefusalClass::overloaded);
  CHECK(of("zai", 529, R"({"type":"error","error":{"type":"api_error","message":"[1305][The service may be temporarily overloaded]"}})") == RefusalClass::overloaded);
  CHECK(of("zai", 200, R"({"code":500,"msg":"404 NOT_FOUND","success":false})") == RefusalClass::request);
  CHECK(of("openai", 429, R"({"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}})") == RefusalClass::quota);
  CHECK(of("openai", 429, R"({"error":{"message":"x","type":"tokens","code":"rate_limit_exceeded"}})") == RefusalClass::rate);
  CHECK(of("generic", 500, R"({"error":"boom"})") == RefusalClass::transient);
  CHECK(of("openrouter", 200, R"({"error":{"code":502,"message":"x"}})") == RefusalClass::transient);
  CHECK(of("generic", 502, "<html>Bad Gateway</html>") == RefusalClass::transient);
  CHECK(of("generic", 503, "") == RefusalClass::overloaded);
  CHECK(of("generic", 401, "") == RefusalClass::auth);
  CHECK(of("generic", 200, R"({"choices":[]})") == RefusalClass::none);
  CHECK(of("generic", 200, "<html>") == RefusalClass::none);
  CHECK(of("generic", 404, std::string(200'000, '[')) == RefusalClass::request);
}

TEST_CASE("a 429 without a readable body is a rate when it says when to come back, else concurrency", "[schedule]") {
  CHECK(of("zai", 429, "<html>slow down</html>") == RefusalClass::concurrency);
  CHECK(of("generic", 429, "", {{"retry-after", "3"}}) == RefusalClass::rate);
}

TEST_CASE("waits are read from every header, the more exact first", "[schedule]") {
  const auto wait = [](const Headers& headers, int status = 429) { return wait_asked(lookup(headers), status, now); };
  CHECK(wait({{"retry-after-ms", "700"}, {"retry-after", "9"}}) == 700ms);
  CHECK(wait({{"retry-after", "2"}}) == 2s);
  CHECK(wait({{"retry-after", "Tue, 08 Sep 2026 12:00:30 GMT"}}) == 30s);
  CHECK(wait({{"retry-after", "Tuesday, 08-Sep-26 12:00:30 GMT"}}) == 30s);
  CHECK(wait({{"retry-after", "Tue Sep  8 12:00:30 2026"}}) == 30s);
  CHECK(wait({{"retry-after", "Tue, 08 Sep 2026 11:00:30 GMT"}}) == 0s);
  CHECK(wait({{"x-ratelimit-reset-requests", "1s"}, {"x-ratelimit-reset-tokens", "6m0s"}, {"x-ratelimit-remaining-tokens", "0"}}) == 6min);
  CHECK(wait({{"anthropic-ratelimit-requests-reset", "2026-09-08T12:00:10Z"}}) == 10s);
  CHECK(wait({{"x-ratelimit-reset", "1788868805000"}}) == 5s);
  CHECK(wait({{"x-ratelimit-reset", "1788868805000"}}, 503) == std::nullopt);
  CHECK(wait({{"x-ratelimit-reset", "1788868805000"}, {"x-ratelimit-remaining", "0"}}, 503) == 5s);
  CHECK(wait({{"retry-after", "soon"}}) == std::nullopt);
  CHECK(wait({{"retry-after", "999999999999999999999"}}) == std::nullopt);
}

TEST_CASE("the reset of a bucket with something left in it is no wish to stay away", "[schedule]") {
  const Headers full{{"x-ratelimit-remaining-requests", "4999"}, {"x-ratelimit-reset-requests", "12ms"},
                     {"x-ratelimit-remaining-tokens", "100000"}, {"x-ratelimit-reset-tokens", "0s"}};
  for (int status : {429, 500, 503}) CHECK(wait_asked(lookup(full), status, now) == std::nullopt);
  const Headers one_empty{{"x-ratelimit-remaining-requests", "4999"}, {"x-ratelimit-reset-requests", "12ms"},
                          {"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "7s"}};
  CHECK(wait_asked(lookup(one_empty), 503, now) == 7s);
  const Headers silent{{"x-ratelimit-reset-requests", "12ms"}};
  CHECK(wait_asked(lookup(silent), 429, now) == 12ms);
  CHECK(wait_asked(lookup(silent), 503, now) == std::nullopt);
}

TEST_CASE("the reset time of a Z.AI quota is Beijing time", "[schedule]") {
  const auto refusal = classify("zai", 429, R"({"error":{"code":"1308","message":"Usage limit reached for 5 hour. Your limit will reset at 2026-09-09 05:38:28"}})", {}, now);
  CHECK(refusal.klass == RefusalClass::quota);
  CHECK(refusal.reset_at == WallTime{std::chrono::sys_days{std::chrono::year(2026) / 9 / 8}} + 21h + 38min + 28s);
}

TEST_CASE("full jitter doubles its bound up to the cap", "[schedule]") {
  CHECK(full_jitter(0, 0.5) == 250ms);
  CHECK(full_jitter(3, 0.5) == 2s);
  CHECK(full_jitter(1000, 0.5) == 15s);
}

TEST_CASE("profiles are found by host and carry their values", "[schedule]") {
  CHECK(profile_for_host("api.z.ai") == "zai");
  CHECK(profile_for_host("open.bigmodel.cn") == "zai");
  CHECK(profile_for_host("API.openai.com") == "openai");
  CHECK(profile_for_host("notapi.z.ai") == "generic");
  CHECK(initial_concurrency("zai") == 1);
  CHECK(initial_concurrency("generic") == 2);
  CHECK(mapped_finish_reason("zai", "sensitive") == "content_filter");
  CHECK(mapped_finish_reason("zai", "stop").empty());
}

TEST_CASE("the same body again and again is held longer and longer", "[schedule]") {
  RepeatGuard guard({8, 60s}, 16);
  TimePoint t{1h};
  for (int i = 0; i < 8; ++i) CHECK(guard.arrived("s", "body", t += 100ms).delay == 0s);
  CHECK(guard.arrived("s", "body", t += 100ms).delay == 1s);
  CHECK(guard.arrived("s", "body", t += 1s).delay == 2s);
  CHECK(guard.arrived("s", "other", t).delay == 0s);
  CHECK(guard.arrived("t", "body", t).delay == 0s);
  CHECK(guard.arrived("s", "body", t + 3min).delay == 0s);
  for (int i = 0; i < 1000; ++i) guard.arrived("s", std::to_string(i), t);
  CHECK(guard.size() <= 16);
}

TEST_CASE("classes and sessions come from the marks of clients", "[schedule]") {
  const auto klass = [](const Headers& h, BodyMarks body = {}) { return class_of(lookup(h), body); };
  CHECK(klass({}) == Class::interactive);
  CHECK(klass({{"x-parent-session-id", "ses_1"}}) == Class::subagent);
  CHECK(klass({{"x-background", "1"}}) == Class::background);
  CHECK(klass({{"x-background", "false"}}) == Class::interactive);
  CHECK(klass({{"siltgate-class", "Interactive"}, {"x-background", "1"}}) == Class::interactive);
  CHECK(klass({}, {false, true}) == Class::background);
  CHECK(klass({}, {true, true}) == Class::interactive);
  const Headers named{{"x-session-id", "ses_1"}};
  CHECK(session_of(lookup(named), "", "10.0.0.1") == "session:ses_1");
  const Headers bare{{"user-agent", "x/1"}};
  CHECK(session_of(lookup(bare), "", "10.0.0.1") == "peer:10.0.0.1 x/1");
  CHECK(session_of(lookup(bare), "bob", "10.0.0.1") == "token:bob");
}

TEST_CASE("errors without an envelope inside a 200 are classed, answers and successes are not", "[schedule]") {
  CHECK(of("zai", 200, R"({"code":"1302","message":"High concurrency usage"})") == RefusalClass::concurrency);
  CHECK(of("zai", 200, R"({"code":500,"msg":"internal"})") != RefusalClass::none);
  CHECK(of("generic", 200, R"({"object":"error","message":"m"})") == RefusalClass::transient);
  CHECK(of("openai", 200, R"({"type":"response.failed","response":{"error":{"code":"server_error","message":"m"}}})") == RefusalClass::transient);
  for (const char* sound : {R"({"code":"0","msg":"success","data":{}})", R"({"code":200,"message":"ok"})", R"({"code":"ok","message":"done"})",
                            R"({"code":"x","message":"m","choices":[]})", R"({"message":"hello"})",
                            R"({"type":"response.completed","response":{"id":"r","error":null}})"})
    CHECK(of("zai", 200, sound) == RefusalClass::none);
}

TEST_CASE("an empty error beside an answer is none, alone or with words it is one", "[schedule]") {
  const std::string choices = R"("choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}])";
  const std::string answers[] = {choices, R"("type":"message","content":[{"type":"text","text":"hi"}])", R"("object":"response","output":[{"type":"message"}])"};
  for (const std::string& answer : answers) {
    for (const char* empty : {R"("")", "{}", "[]", "0", "false", "null", R"({"message":"","type":"","param":"","code":null})", R"({"code":0,"details":[],"x":{}})"}) {
      INFO(empty << " beside " << answer);
      CHECK(of("zai", 200, "{\"error\":" + std::string(empty) + "," + answer + "}") == RefusalClass::none);
    }
    for (const char* said : {R"("boom")", R"({"message":"boom"})", "7", "true", R"(["boom"])", R"({"details":[{"a":""}]})"})
      CHECK(of("generic", 200, "{\"error\":" + std::string(said) + "," + answer + "}") == RefusalClass::transient);
  }
  for (const char* alone : {R"({"error":{}})", R"({"error":""})", R"({"error":{"message":"","code":null}})", R"({"error":{},"choices":[]})",
                            R"({"error":true,"message":"no"})", R"({"error":["no"]})"})
    CHECK(of("generic", 200, alone) == RefusalClass::transient);
  CHECK(of("generic", 200, R"({"error":false})") == RefusalClass::none);
  CHECK(of("zai", 429, R"({"error":"","code":"1302","message":"m"})") == RefusalClass::concurrency);
  CHECK(of("generic", 200, "{\"success\":false," + choices + "}") == RefusalClass::none);
  CHECK(of("generic", 200, "{\"type\":\"error\"," + choices + "}") == RefusalClass::none);
  CHECK(of("generic", 200, R"({"success":false,"choices":[]})") == RefusalClass::transient);
  CHECK(of("generic", 200, R"({"type":"error","message":"m"})") == RefusalClass::transient);
  CHECK(of("generic", 200, "{\"error\":" + times("[", 5000) + times("]", 5000) + "}") == RefusalClass::transient);
}
