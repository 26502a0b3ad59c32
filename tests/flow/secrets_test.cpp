// SPDX-License-Identifier: Apache-2.0
// Canaries: secrets that go in everywhere a secret may, looked for in everything siltgate writes.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "support/catch.hpp"
#include "support/running_siltgate.hpp"
#include "support/temporary_folder.hpp"

using namespace siltgate::test;
namespace fs = std::filesystem;

namespace {

// None looks like a key, so that only knowing them helps.
const std::string in_bearer = "canary-bearer-quite-plain", in_x_api_key = "canary-x-key-quite-plain", in_query = "canary-query-quite-plain",
                  in_cookie = "canary-cookie-quite-plain", configured = "canary-configured-plain", token = "canary-token-quite-plain";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Standard error goes into a file while it lives, and so does the log.
class CaughtLog {
 public:
  CaughtLog() {
    before_ = ::dup(2);
    int file = ::open((folder_.path() + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(file, 2);
    ::close(file);
  }
  ~CaughtLog() { restore(); }
  std::string state_directory() const { return folder_.path() + "/state"; }
  void restore() {
    if (before_ < 0) return;
    ::dup2(before_, 2);
    ::close(std::exchange(before_, -1));
  }
  /// The log and every file under the state directory.
  std::string everything() const {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
      if (entry.is_regular_file()) all += entry.path().string() + "\n" + slurp(entry.path());
    return all;
  }

 private:
  TemporaryFolder folder_;
  int before_ = -1;
};

/// A provider that quotes what it was sent, in every way in which an answer can fail.
void quote(UpstreamExchange& exchange) {
  const auto& request = exchange.request();
  std::string quoted = request.head.target;
  for (auto name : {"authorization", "x-api-key", "cookie"}) quoted += " " + std::string(request.head.fields.find(name).value_or(""));
  const std::string error = nlohmann::json({{"error", {{"code", "x1"}, {"message", "Incorrect API key: " + quoted}}}}).dump();
  switch (request.number % 5) {
    case 0: return exchange.answer(401, error);
    case 1:
      exchange.start_stream();
      exchange.chunk(chat_event("Hi") + "data: " + error + "\n\n");
      return exchange.end_stream();
    case 2:
      exchange.start_stream();
      exchange.chunk(chat_event("Hi") + "data: {\"" + quoted + "\n\n");
      return exchange.end_stream();
    case 3: return exchange.answer(200, error, "text/plain; " + quoted.substr(0, 200));
    default: return exchange.answer(500, quoted, "text/plain");
  }
}

std::string own_pages(std::uint16_t port, const std::string& id) {
  std::string all;
  for (std::string path : {std::string("metrics"), std::string("api/state"), std::string("api/exchanges"), "api/exchanges/" + id,
                           "api/exchanges/" + id + "/explain"}) {
    TestClient client(port);
    client.get("/-/" + path);
    auto reply = client.read_reply();
    CHECK(reply.status == 200);
    all += path + "\n" + reply.head + reply.body + "\n";
  }
  return all;
}

void check_clean(const std::string& text) {
  for (const std::string& canary : {in_bearer, in_x_api_key, in_query, in_cookie, configured, token}) {
    auto at = text.find(canary);
    INFO(canary << " in: " << text.substr(at == text.npos ? 0 : at - std::min<std::size_t>(at, 200), 400));
    CHECK(at == text.npos);
  }
  // Not even the part that a hex dump of 16 bytes a line shows.
  CHECK(text.find("canary-") == std::string::npos);
}

}  // namespace

TEST_CASE("no secret that a client sends or a provider quotes stands in anything siltgate writes", "[secrets]") {
  CaughtLog caught;
  ScriptedUpstream upstream(quote);
  std::string pages;
  {
    RunningSiltgate siltgate(upstream, R"({"log": {"level": "debug"}, "providers": {"up": {"retry": {"attempts": 1}}}})", caught.state_directory());
    for (int i = 0; i < 10; ++i) {
      TestClient client(siltgate.port());
      client.post("/v1/chat/completions?api_key=" + in_query, chat_request("Hi " + std::to_string(i)),
                  (i < 5 ? "Authorization: Bearer " + in_bearer : "x-api-key: " + in_x_api_key) + "\r\nCookie: s=" + in_cookie + "\r\n");
      client.read_reply();
      siltgate.wait_for_exchange(static_cast<std::size_t>(i) + 1);
      pages += own_pages(siltgate.port(), "last");
    }
    TestClient misdirected(siltgate.port());
    misdirected.get("/nosuch/v1/models?key=" + in_query, "Authorization: Bearer " + in_bearer + "\r\n");
    pages += misdirected.read_reply().body;
    TestClient malformed(siltgate.port());
    malformed.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer " + in_bearer + "\r\n\r\n");
    pages += malformed.read_reply().body;
    siltgate.stop();
    CHECK(siltgate.exit_code() == 0);
  }
  caught.restore();
  const std::string written = caught.everything();
  CHECK(written.find("sg_") != std::string::npos);  // the log is there
  CHECK(written.find("learned.json") != std::string::npos);
  check_clean(written);
  check_clean(pages);
}

TEST_CASE("a configured key and a client's token stay between those they are for", "[secrets]") {
  CaughtLog caught;
  ScriptedUpstream upstream(quote);
  std::string pages;
  {
    RunningSiltgate siltgate(upstream,
                             nlohmann::json({{"log", {{"level", "debug"}}},
                                             {"client_tokens", {{"laptop", token}}},
                                             {"providers", {{"up", {{"auth", "replace"},
                                                                    {"retry", {{"attempts", 1}}},
                                                                    {"keys", {{"team", {{"value", configured}}}}}}}}}}).dump(),
                             caught.state_directory());
    for (int i = 0; i < 10; ++i) {
      TestClient client(siltgate.port());
      client.post_chat(chat_request("Hi " + std::to_string(i)), "Authorization: Bearer " + token + "\r\n");
      auto reply = client.read_reply();
      if (reply.status >= 400) pages += reply.body;
      siltgate.wait_for_exchange(static_cast<std::size_t>(i) + 1);
      pages += own_pages(siltgate.port(), "last");
    }
    TestClient stranger(siltgate.port());
    stranger.post_chat(chat_request(), "Authorization: Bearer " + in_bearer + "\r\n");
    auto refused = stranger.read_reply();
    CHECK(refused.status == 403);
    pages += refused.body;
  }
  caught.restore();
  for (const auto& request : upstream.seen()) {
    CHECK(request.raw_head.find(configured) != std::string::npos);
    CHECK(request.raw_head.find(token) == std::string::npos);
  }
  check_clean(caught.everything());
  check_clean(pages);
}

TEST_CASE("a client's token never reaches a provider, even where the provider gets the client's own key", "[secrets]") {
  ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); });
  RunningSiltgate siltgate(upstream, nlohmann::json({{"client_tokens", {{"laptop", token}}}}).dump());
  CHECK(TestClient::ask(siltgate.port(), chat_request(), "x-api-key: " + token + "\r\nAuthorization: Bearer sk-mine\r\n").status == 200);
  const auto head = upstream.seen().at(0).raw_head;
  CHECK(head.find(token) == std::string::npos);
  CHECK(head.find("Bearer sk-mine") != std::string::npos);
}
