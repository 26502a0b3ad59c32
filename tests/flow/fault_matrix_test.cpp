// SPDX-License-Identifier: Apache-2.0
// Every fault in every cutting: no damaged byte is delivered, nothing unsound ends cleanly, and the verdict names the culprit, the
// cause and how sure that is. SILTGATE_SEED repeats a run.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "flow/fault_rows.hpp"
#include "support/catch.hpp"
#include "support/running_siltgate.hpp"

using namespace siltgate::test;
using nlohmann::json;

namespace {

constexpr const char* settings = R"({"providers": {"up": {"retry": {"attempts": 1}, "timeouts": {"idle": "400ms"}}}})";

unsigned seed() {
  static const unsigned value = [] {
    const char* given = std::getenv("SILTGATE_SEED");
    const unsigned chosen = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    std::cout << "fault matrix: SILTGATE_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return value;
}

/// The error object of the one event that `text` is; empty when it is anything else.
json only_error_event(std::string_view text) {
  if (text.starts_with("event: error\n")) text.remove_prefix(13);
  if (!text.starts_with("data: ") || text.find("\n\n") != text.size() - 2) return {};
  const json event = json::parse(text.substr(6), nullptr, false);
  return event.is_object() ? event.value("error", json()) : json();
}

void check_verdict(const json& record, const FaultRow& row) {
  const json& verdict = record["verdict"];
  CAPTURE(verdict.dump(1));
  CHECK(verdict["blame"] == row.blame);
  CHECK(verdict["cause"] == row.cause);
  CHECK(verdict["certainty"] == row.certainty);
  CHECK_FALSE(verdict["facts"].empty());
  CHECK_FALSE(verdict["advice"].get<std::string>().empty());
  CHECK(record["sha256_in"].get<std::string>().size() == 64);
}

void check_reply(const Reply& reply, const FaultRow& row) {
  CHECK(reply.status == row.status);
  if (row.ends == Ends::refused) {
    CHECK(reply.clean());
    CHECK(json::parse(reply.body, nullptr, false).contains("error"));
    return;
  }
  const std::string due = row.before + row.more;
  REQUIRE(reply.body.substr(0, due.size()) == due);
  const std::string rest = reply.body.substr(due.size());
  CHECK(reply.clean() == (row.ends == Ends::clean));
  if (row.ends != Ends::told) {
    CHECK(rest.empty());
    return;
  }
  const std::string message = only_error_event(rest).value("message", ""), blame = row.blame;
  CHECK(message.find(reply.field("siltgate-id")) != std::string::npos);
  CHECK((blame == "unknown" || message.starts_with(blame + ": ")));
}

/// Serves each request the row that its model names, behind a gate so that what comes before a fault has been delivered.
class Faults {
 public:
  explicit Faults(std::vector<FaultRow> rows) : rows_(std::move(rows)), upstream_([this](UpstreamExchange& exchange) { serve(exchange); }) {}

  ScriptedUpstream& upstream() { return upstream_; }
  const std::vector<FaultRow>& rows() const { return rows_; }

  Reply ask(RunningSiltgate& siltgate, std::size_t i, Cutting cutting, std::string_view fields = {}) {
    const FaultRow& row = rows_[i];
    const std::string model = fmt::format("{}/{}/{}", i, static_cast<int>(cutting), ++asked_);
    TestClient client(siltgate.port());
    client.post(row.path, chat_request("Hi", model), fields);
    if (!row.before.empty()) client.read_until(row.before.substr(row.before.size() - 12));
    gate_of(model).open();
    return client.read_reply();
  }

 private:
  Gate& gate_of(const std::string& model) {
    std::lock_guard lock(mutex_);
    return gates_[model];
  }

  void serve(UpstreamExchange& exchange) {
    const std::string model = json::parse(exchange.request().body)["model"];
    const FaultRow& row = rows_.at(std::stoul(model));
    const auto cutting = static_cast<Cutting>(model[model.find('/') + 1] - '0');
    Sender sender(exchange, cutting, seed() + static_cast<unsigned>(std::stoul(model)));
    const bool streams = row.ends != Ends::refused || !row.fields.empty();
    if (streams) exchange.start_stream(row.fields);
    sender.chunks(row.before);
    if (exchange.wait(gate_of(model))) row.then(sender);
  }

  std::vector<FaultRow> rows_;
  std::mutex mutex_;
  std::map<std::string, Gate> gates_;
  int asked_ = 0;
  ScriptedUpstream upstream_;
};

}  // namespace

TEST_CASE("every fault in every cutting is stopped, ends visibly and gets its verdict", "[matrix]") {
  Faults faults(fault_rows());
  RunningSiltgate siltgate(faults.upstream(), settings);
  for (std::size_t i = 0; i < faults.rows().size(); ++i)
    for (Cutting cutting : all_cuttings) {
      const FaultRow& row = faults.rows()[i];
      INFO(row.what << " (" << row.cause << "), sent " << to_string(cutting) << ", seed " << seed());
      const Reply reply = faults.ask(siltgate, i, cutting);
      CAPTURE(reply.body);
      check_reply(reply, row);
      check_verdict(siltgate.exchange(reply.field("siltgate-id")), row);
    }
}

TEST_CASE("a client that cannot bear error events gets a plain cut in every case", "[matrix]") {
  Faults faults(fault_rows());
  RunningSiltgate siltgate(faults.upstream(), settings);
  for (std::size_t i = 0; i < faults.rows().size(); ++i) {
    FaultRow row = faults.rows()[i];
    if (row.ends != Ends::told) continue;
    row.ends = Ends::cut;
    INFO(row.what << ", seed " << seed());
    check_reply(faults.ask(siltgate, i, Cutting::random, "User-Agent: opencode/1.1.34 runtime/bun/1.3.5\r\n"), row);
  }
}

TEST_CASE("a stream that stops at any byte is never taken for a whole one", "[matrix]") {
  const std::string first = "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xe7\x8b\x90\"}}]}\n\n";
  const std::string last = "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
  const std::string stream = first + last + std::string(chat_done);
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    const std::string model = json::parse(exchange.request().body)["model"];
    Sender sender(exchange, static_cast<Cutting>(model[0] - '0'), seed());
    exchange.start_stream();
    sender.chunks(std::string_view(stream).substr(0, std::stoul(model.substr(2))));
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, settings);
  for (std::size_t cut = 0; cut < stream.size(); ++cut)
    for (Cutting cutting : all_cuttings) {
      INFO("cut at " << cut << ", sent " << to_string(cutting) << ", seed " << seed());
      const Reply reply = TestClient::ask(siltgate.port(), chat_request("Hi", fmt::format("{}/{}", static_cast<int>(cutting), cut)));
      const json verdict = siltgate.exchange(reply.field("siltgate-id"))["verdict"];
      CAPTURE(reply.body, verdict.dump());
      const bool whole = cut >= first.size() + last.size();
      CHECK(verdict["blame"] == (whole ? "intact" : "provider"));
      CHECK(verdict["certainty"] == "certain");
      if (!whole) CHECK(verdict["cause"] == "finish");
      CHECK((reply.status == 200 || cut < first.size() + last.size()));
      if (reply.status != 200) {  // the first event and the end came in one read: nothing was delivered
        CHECK(reply.status == 502);
        CHECK(json::parse(reply.body)["error"]["code"] == "damaged");
        continue;
      }
      CHECK(cut >= first.size());
      CHECK(reply.clean() == whole);
      REQUIRE((whole ? stream.starts_with(reply.body) : reply.body.starts_with(first)));
      if (!whole) CHECK_FALSE(only_error_event(reply.body.substr(first.size())).empty());
    }
}

TEST_CASE("a client that leaves, and one that reads slowly, are told apart from every fault of the provider", "[matrix]") {
  const std::string large = healthy_text(8'000);  // many times what the client takes at once
  ScriptedUpstream upstream([&](UpstreamExchange& exchange) {
    const std::string model = json::parse(exchange.request().body)["model"];
    exchange.start_stream();
    exchange.chunk(chat_event("one"));
    if (model == "left") return void(exchange.stall());
    for (int i = 0; i < 10; ++i) exchange.chunk(chat_event(large));
    exchange.chunk(chat_finish());
    exchange.end_stream();
  });
  RunningSiltgate siltgate(upstream, R"({"providers": {"up": {"timeouts": {"idle": "8s"}}}})");
  for (bool abort : {false, true}) {
    TestClient client(siltgate.port());
    client.post_chat(chat_request("Hi", "left"));
    const std::string id = client.read_until("one").field("siltgate-id");
    abort ? client.abort() : client.leave();
    const json record = siltgate.exchange(id);
    CHECK(record["verdict"]["blame"] == "client");
    CHECK(record["verdict"]["cause"] == "client_left");
    CHECK(record["closed_first"] == "client");
  }
  TestClient slow(siltgate.port());
  slow.shrink_receive_buffer();
  slow.post_chat(chat_request("Hi", "slow"));
  const Reply reply = slow.read_reply();
  CHECK(reply.clean());
  CHECK(siltgate.exchange(reply.field("siltgate-id"))["verdict"]["cause"] == "intact");
}

TEST_CASE("certificates that do not hold are judged by what is wrong with them", "[matrix]") {
  struct Case {
    const char* name;
    Authority::Leaf leaf;
    bool trusted;
    const char* blame;
    const char* says;
  };
  for (const Case& one : {Case{"other.example", Authority::Leaf::sound, true, "provider", "mismatch"},
                          Case{"localhost", Authority::Leaf::expired, true, "provider", "expired"},
                          Case{"localhost", Authority::Leaf::self_signed, true, "network", "self-signed"},
                          Case{"localhost", Authority::Leaf::sound, false, "network", "issued by \"siltgate test authority\""}}) {
    Authority authority;
    ScriptedUpstream upstream([](UpstreamExchange& exchange) { exchange.chat({"Hi"}); }, {authority.server(one.name, one.leaf), 0});
    RunningSiltgate siltgate(fmt::format("https://localhost:{}/v1", upstream.port()),
                             json({{"providers", {{"up", {{"ca_file", one.trusted ? authority.ca_file() : ""}}}}}}).dump());
    const Reply reply = TestClient::ask(siltgate.port());
    const json verdict = siltgate.exchange(reply.field("siltgate-id"))["verdict"];
    CAPTURE(one.says, verdict.dump(1));
    CHECK(reply.status == 502);
    CHECK(upstream.requests() == 0);
    CHECK(verdict["blame"] == one.blame);
    CHECK(verdict["cause"] == "tls_failed");
    CHECK(verdict["certainty"] == "likely");
    CHECK(verdict["facts"][0].get<std::string>().find(one.says) != std::string::npos);
  }
}

TEST_CASE("a request that the client sends again behind a cut answer is its replay, and both are named", "[matrix]") {
  Gate delivered;
  ScriptedUpstream upstream({[](UpstreamExchange& exchange) { exchange.chat({"earlier"}); },
                             [&](UpstreamExchange& exchange) {
                               exchange.start_stream();
                               exchange.chunk(chat_event("one"));
                               if (exchange.wait(delivered)) exchange.reset();
                             },
                             [](UpstreamExchange& exchange) { exchange.chat({"one", "two"}); }});
  RunningSiltgate siltgate(upstream, R"({"keep_alive": "always"})");
  constexpr const char* bun = "User-Agent: opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5\r\n";
  TestClient reused(siltgate.port());
  reused.post_chat(chat_request("before"), bun);
  CHECK(reused.read_reply().clean());
  reused.post_chat(chat_request("again"), bun);
  reused.read_until("one");
  delivered.open();
  const Reply cut = reused.read_reply();
  const Reply replayed = TestClient::ask(siltgate.port(), chat_request("again"), bun);
  CHECK_FALSE(cut.clean());
  CHECK(replayed.clean());
  const json record = siltgate.exchange(replayed.field("siltgate-id"));
  CAPTURE(record["verdict"].dump(1));
  CHECK(record["verdict"]["blame"] == "client");
  CHECK(record["verdict"]["cause"] == "client_replay");
  CHECK(record["replay_of"] == cut.field("siltgate-id"));
  for (const Reply* each : {&cut, &replayed})
    CHECK(record["verdict"]["summary"].get<std::string>().find(each->field("siltgate-id")) != std::string::npos);
  CHECK(siltgate.exchange(cut.field("siltgate-id"))["verdict"]["cause"] == "upstream_reset");
}
