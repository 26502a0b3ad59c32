// SPDX-License-Identifier: Apache-2.0
// What siltgate writes of exchanges while they stream, and what it never writes.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "observe/capture_files.hpp"
#include "observe/capture_reader.hpp"
#include "observe/sha256.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate;
using namespace siltgate::test;
namespace fs = std::filesystem;
using observe::Capture;

namespace {

const std::string canary = "sk-canary-4711-0123456789abcdef";

struct Folder : TemporaryFolder {
  std::string state() const { return path() + "/state"; }
  std::string captures() const { return state() + "/captures"; }
};

std::string with_mode(const std::string& mode, const std::string& more = "") {
  return R"({"capture": {"mode": ")" + mode + R"(")" + more + R"(}, "providers": {"up": {"retry": {"attempts": 1}}}})";
}

/// The writer is a thread of its own: waits until `count` captures lie there.
std::vector<observe::CaptureFile> wait_for_captures(const Folder& folder, std::size_t count) {
  const Deadline deadline = soon();
  for (;;) {
    auto files = observe::list_captures(folder.captures());
    if (files.size() >= count) return files;
    if (std::chrono::steady_clock::now() > deadline) throw TooLate("captures: " + std::to_string(files.size()) + " instead of " + std::to_string(count));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Capture read(const Folder& folder, const observe::CaptureFile& file) {
  return observe::read_capture(observe::read_file(folder.captures() + "/" + file.name).value()).value();
}

/// Everything below a folder, base64 of captures undone.
std::string everything_below(const std::string& folder) {
  std::string out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const std::string text = observe::read_file(entry.path().string()).value_or("");
    out += text;
    const auto capture = observe::read_capture(text);
    if (!capture) continue;
    out += capture->request_body.value_or("");
    for (const auto& attempt : capture->attempts) out += "\n" + attempt.body();
    out += "\n" + capture->delivered(true);
  }
  return out;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// JSON of the tests' own writer holds no such byte.
std::string damaged_event(const std::string& behind = "") {
  std::string event = chat_event("t?" + behind);
  event[event.find('?')] = '\xff';
  return event;
}

void send_torn(UpstreamExchange& exchange) {
  exchange.start_stream();
  exchange.chunk(chat_event("one"));
  exchange.chunk(damaged_event());
  exchange.stall();
}

}  // namespace

TEST_CASE("mode rejected keeps a damaged stream to its last byte, with its verdict", "[capture]") {
  Folder folder;
  Gate first_came;
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    exchange.wait(first_came);
    exchange.chunk(damaged_event());
    exchange.stall();
  });
  RunningSiltgate siltgate(upstream, with_mode("rejected"), folder.state());
  TestClient client(siltgate.port());
  client.post_chat();
  client.read_until("one");
  first_came.open();
  auto reply = client.read_reply();
  CHECK_FALSE(reply.clean());
  const auto record = siltgate.wait_for_exchange();
  const auto files = wait_for_captures(folder, 1);
  CHECK(files[0].id == record["id"]);
  const Capture capture = read(folder, files[0]);
  REQUIRE(capture.attempt());
  CHECK(capture.attempt()->body() == chat_event("one") + damaged_event());
  CHECK(capture.attempt()->how == "damaged");
  CHECK(capture.delivered(true) == reply.body);
  CHECK(capture.delivered(false) == chat_event("one"));
  CHECK_FALSE(capture.request_body);
  CHECK(capture.complete);
  REQUIRE(capture.findings.size() >= 1);
  CHECK(capture.findings[0].check == Check::utf8);
  REQUIRE(capture.record);
  CHECK(capture.record->verdict.blame == observe::Blame::provider);
  CHECK(capture.record->sha256_in == observe::sha256_hex(capture.attempt()->body()));
  struct stat info {};
  REQUIRE(::stat((folder.captures() + "/" + files[0].name).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::stat(folder.captures().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
}

TEST_CASE("mode rejected leaves nothing of sound streams, long ones included", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    if (exchange.request().number == 3) return send_torn(exchange);
    exchange.chat(std::vector<std::string>(exchange.request().number == 1 ? 2 : 1, healthy_text(exchange.request().number == 1 ? 200'000 : 200)));
  });
  RunningSiltgate siltgate(upstream, with_mode("rejected"), folder.state());
  CHECK(TestClient::ask(siltgate.port()).clean());
  CHECK(TestClient::ask(siltgate.port()).clean());
  TestClient::ask(siltgate.port());
  const auto files = wait_for_captures(folder, 1);   // jobs are done in order: the first two are through
  CHECK(files.size() == 1);
  CHECK(files[0].id == siltgate.wait_for_exchange(3)["id"]);
  CHECK(std::distance(fs::directory_iterator(folder.captures()), fs::directory_iterator{}) == 1);
}

TEST_CASE("mode all keeps a sound stream, its request and its chunk borders", "[capture]") {
  Folder folder;
  const std::vector<std::string> pieces{"Hel", "lo", healthy_text(100'000), "end"};
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) { exchange.chat(pieces); });
  RunningSiltgate siltgate(upstream, with_mode("all"), folder.state());
  const std::string request = chat_request("my own words");
  auto reply = TestClient::ask(siltgate.port(), request);
  CHECK(reply.clean());
  const Capture capture = read(folder, wait_for_captures(folder, 1)[0]);
  REQUIRE(capture.attempt());
  CHECK((capture.attempt()->body() == reply.body));
  CHECK((capture.delivered(false) == reply.body));
  CHECK(capture.request_body == request);
  CHECK(capture.attempt()->how == "complete");
  CHECK(capture.attempt()->body_complete);
  CHECK(capture.record->verdict.blame == observe::Blame::intact);
  std::vector<std::uint64_t> ends, sent;
  for (const auto& each : capture.attempt()->reads)
    for (std::uint32_t end : each.chunk_ends) ends.push_back(each.offset + end);
  for (const std::string& event : chat_events(pieces)) sent.push_back((sent.empty() ? 0 : sent.back()) + event.size());
  CHECK(ends == sent);
}

TEST_CASE("mode all keeps siltgate's own refusals, without what they carried", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, with_mode("all"), folder.state());
  TestClient foreign(siltgate.port()), malformed(siltgate.port());
  foreign.post("/v1/chat/completions?key=" + canary, chat_request("my key is " + canary), "Origin: http://elsewhere.example\r\nAuthorization: Bearer " + canary + "\r\n");
  CHECK(foreign.read_reply().status == 403);
  siltgate.wait_for_exchange(1);
  malformed.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer " + canary + "\r\n\r\n");
  CHECK(malformed.read_reply().status == 400);
  siltgate.wait_for_exchange(2);
  const auto files = wait_for_captures(folder, 2);
  std::vector<int> status;
  for (const auto& file : files) {
    const Capture capture = read(folder, file);
    REQUIRE(capture.reply);
    status.push_back(capture.reply->status);
    CHECK(capture.record);
    CHECK(contains(capture.delivered(true), capture.id));   // the message names the exchange
  }
  std::sort(status.begin(), status.end());   // the names of two files of one millisecond say nothing of their order
  CHECK(status == std::vector<int>{400, 403});
  CHECK_FALSE(contains(everything_below(folder.state()), canary));
  CHECK(upstream.requests() == 0);
}

TEST_CASE("mode off writes nothing", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream(send_torn);
  RunningSiltgate siltgate(upstream, with_mode("off"), folder.state());
  TestClient::ask(siltgate.port());
  siltgate.wait_for_exchange();
  siltgate.stop();
  CHECK(siltgate.exit_code() == 0);
  CHECK_FALSE(fs::exists(folder.captures()));
}

TEST_CASE("a reload switches captures on and off for exchanges that begin afterwards", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, with_mode("off"), folder.state());
  TestClient::ask(siltgate.port());
  siltgate.reload(with_mode("all"));
  TestClient::ask(siltgate.port());
  CHECK(wait_for_captures(folder, 1)[0].id == siltgate.wait_for_exchange(2)["id"]);
  siltgate.reload(with_mode("rejected"));
  TestClient::ask(siltgate.port());
  siltgate.reload(with_mode("all"));
  TestClient::ask(siltgate.port());
  const auto files = wait_for_captures(folder, 2);
  CHECK(files.size() == 2);
  CHECK(files[1].id == siltgate.wait_for_exchange(4)["id"]);
}

TEST_CASE("no credential is written: header, query, request body, answer, answer cut in two reads, provider's headers", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.start_stream("Set-Cookie: session=" + canary + "\r\nX-Echo: " + canary + "\r\n");
    const std::string event = chat_event("your key is " + canary + " and so on");
    exchange.chunk(event);
    const std::size_t cut = event.find(canary) + 9;
    exchange.chunk(event.substr(0, cut));
    Gate never;
    never.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(60));   // so that two reads see it
    exchange.chunk(event.substr(cut));
    exchange.chunk(damaged_event(" " + canary));
    exchange.stall();
  });
  RunningSiltgate siltgate(upstream, with_mode("all"), folder.state());
  for (const std::string& field : {"Authorization: Bearer " + canary, "x-api-key: " + canary, "Cookie: a=" + canary}) {
    TestClient client(siltgate.port());
    client.post("/v1/chat/completions?key=" + canary, chat_request("my key is " + canary), field + "\r\nX-Copy: " + canary + "\r\n");
    client.read_reply();
  }
  wait_for_captures(folder, 3);
  const std::string all = everything_below(folder.state());
  CHECK(contains(all, "your key is"));
  CHECK(contains(all, "my key is"));
  CHECK_FALSE(contains(all, canary));
  CHECK_FALSE(contains(all, canary.substr(12)));
}

TEST_CASE("credentials under any name are known, encoded or not, and the provider may quote what it read from them", "[capture]") {
  Folder folder;
  std::string quote;   // no value looks like a key, so that only knowing it helps
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    exchange.answer(500, "you sent " + quote, "text/plain", "Location: http://u:plain-location@h/?sig=plain-location\r\nX-Echo: " + quote + "\r\n");
  });
  RunningSiltgate siltgate(upstream, with_mode("all"), folder.state());
  std::size_t count = 0;
  const auto send = [&](const std::string& query, const std::string& fields) {
    TestClient client(siltgate.port());
    client.post("/v1/chat/completions" + query, chat_request("Hi " + std::to_string(count)), fields);
    client.read_reply();
    siltgate.wait_for_exchange(++count);
  };
  quote = "plain-named-field";
  for (const std::string name : {"Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-Auth-Key", "X-API_KEY", "X-Password", "X-Auth", "X-Portkey-Virtual-Key", "X-Litellm-Key", "Authentication"})
    send("", name + ": plain-named-field\r\n");
  quote = "plain-query/field plain-query%2Ffield";
  for (const std::string name : {"subscription-key", "sig", "code", "password", "key", "token", "signature"}) send("?a=1&" + name + "=plain-query%2Ffield&b=2", "");
  quote = "plain-of-basic";
  send("", "Authorization: Basic dXNlcjpwbGFpbi1vZi1iYXNpYw==\r\n");   // user:plain-of-basic
  wait_for_captures(folder, count);
  const std::string all = everything_below(folder.state());
  CHECK(contains(all, "you sent ****"));
  CHECK_FALSE(contains(all, "plain-"));
}

TEST_CASE("keys of the configuration and client tokens are not written either", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) {
    exchange.chat({"plainly-a-provider-key", "plainly-a-client-token", exchange.request().raw_head.find("plainly-a-provider-key") != std::string::npos ? "sent" : "not sent"});
  });
  const std::string key = folder.path() + "/key", token = folder.path() + "/token";
  std::ofstream(key) << "plainly-a-provider-key";
  std::ofstream(token) << "plainly-a-client-token";
  for (const auto& file : {key, token}) fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  nlohmann::json changes{{"capture", {{"mode", "all"}}}, {"client_tokens", {{"me", "{file:" + token + "}"}}}};
  changes["providers"]["up"] = {{"auth", "replace"}, {"keys", {{"team", {{"value", "{file:" + key + "}"}}}}}};
  RunningSiltgate siltgate(upstream, changes.dump(), folder.state());
  auto reply = TestClient::ask(siltgate.port(), chat_request(), "Authorization: Bearer plainly-a-client-token\r\n");
  CHECK(contains(reply.body, "\"sent\""));
  wait_for_captures(folder, 1);
  const std::string all = everything_below(folder.state());
  CHECK_FALSE(contains(all, "plainly-a-provider-key"));
  CHECK_FALSE(contains(all, "plainly-a-client-token"));
}

TEST_CASE("every attempt is recorded, and a heartbeat as siltgate's own", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream(std::vector<Script>{[](UpstreamExchange& exchange) { exchange.answer(429, refusal_1302, "application/json", "retry-after-ms: 400\r\n"); },
                                                [](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }});
  RunningSiltgate siltgate(upstream, R"({"capture": {"mode": "all"}, "limits": {"queue": {"early_headers_after": "100ms", "heartbeat": "100ms"}}})", folder.state());
  CHECK(TestClient::ask(siltgate.port()).clean());
  const Capture capture = read(folder, wait_for_captures(folder, 1)[0]);
  REQUIRE(capture.attempts.size() == 2);
  CHECK(capture.attempts[0].body() == refusal_1302);
  CHECK(capture.attempts[0].how == "provider_error");
  CHECK(capture.attempts[0].head->status == 429);
  CHECK(capture.attempts[1].body() == sse_chat({"Hi"}));
  REQUIRE_FALSE(capture.deliveries.empty());
  CHECK(capture.deliveries.front().own);
  CHECK(capture.delivered(false) == sse_chat({"Hi"}));
}

TEST_CASE("captures outlive a restart, and the folder stays within max_total", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({std::string(150'000, 'x')}); });
  std::string first;
  for (int run = 0; run < 2; ++run) {
    RunningSiltgate siltgate(upstream, with_mode("all", R"(, "max_total": "1MiB")"), folder.state());
    for (int i = 0; i < 4; ++i) CHECK(TestClient::ask(siltgate.port()).clean());
    siltgate.wait_for_exchange(4);
    siltgate.stop();
    CHECK(siltgate.exit_code() == 0);   // what was queued is written by now
    if (run == 0) first = observe::list_captures(folder.captures()).at(0).name;
  }
  const auto files = observe::list_captures(folder.captures());
  std::uint64_t total = 0;
  for (const auto& file : files) total += file.size;
  CHECK(files.size() == 5);
  CHECK(total <= 1024 * 1024);
  CHECK(files[0].name > first);   // the oldest went
}

TEST_CASE("the size of all captures is in state and metrics, those of earlier runs included", "[capture]") {
  Folder folder;
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  {
    RunningSiltgate siltgate(upstream, with_mode("all"), folder.state());
    TestClient::ask(siltgate.port());
    wait_for_captures(folder, 1);
  }
  const auto size = observe::list_captures(folder.captures()).at(0).size;
  RunningSiltgate siltgate(upstream, with_mode("rejected"), folder.state());
  const Deadline deadline = soon();
  while (siltgate.state()["capture_bytes"] != size && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(siltgate.state()["capture_bytes"] == size);
  CHECK(siltgate.state()["capture_folder"] == folder.captures());
  TestClient client(siltgate.port());
  client.get("/-/metrics");
  CHECK(contains(client.read_reply().body, "siltgate_capture_bytes " + std::to_string(size)));
}
