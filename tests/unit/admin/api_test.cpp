// SPDX-License-Identifier: Apache-2.0
#include "admin/api.hpp"

#include <nlohmann/json.hpp>

#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::admin;

namespace {

struct Desk {
  observe::History history;
  View view;
  Gate gate;
  bool stopped = false;

  Desk() {
    view.history = &history;
    view.state_json = [] { return std::string(R"({"version":"0.1.0"})"); };
    view.metrics = [] { return std::string("siltgate_build_info 1\n"); };
    view.stop = [this] { stopped = true; };
    view.now = [] { return observe::sound_record().started_at + std::chrono::minutes(1); };
    gate.peer_ip = gate.local_ip = "127.0.0.1";
    gate.host = "127.0.0.1:4290";
    for (auto id : {"sg_aaaaaaaaaa", "sg_bbbbbbbbbb"}) {
      observe::ExchangeRecord r = observe::sound_record();
      r.id = id;
      r.verdict = observe::judge(r);
      history.add(r);
    }
  }
  Reply ask(std::string_view target, std::string_view method = "GET") { return answer(method, target, "", gate, view); }
};

}  // namespace

TEST_CASE("health, readiness, metrics and state answer", "[admin]") {
  Desk desk;
  CHECK(desk.ask("/-/healthz").body == "ok\n");
  CHECK(desk.ask("/-/readyz").body == "ready\n");
  desk.view.not_ready = [] { return std::string("draining"); };
  CHECK(desk.ask("/-/readyz").status == 503);
  CHECK(desk.ask("/-/metrics").content_type.find("version=0.0.4") != std::string::npos);
  CHECK(nlohmann::json::parse(desk.ask("/-/api/state").body)["version"] == "0.1.0");
  CHECK(desk.ask("/-/nothing").status == 404);
  CHECK(desk.ask("/v1/models").status == 404);
  CHECK(desk.ask("/-/healthz", "POST").status == 405);
}

TEST_CASE("exchanges are listed, filtered and found", "[admin]") {
  Desk desk;
  const auto list = [&](const char* query) { return nlohmann::json::parse(desk.ask(std::string("/-/api/exchanges") + query).body); };
  CHECK(list("").size() == 2);
  CHECK(list("")[0]["id"] == "sg_bbbbbbbbbb");
  CHECK(list("?limit=1").size() == 1);
  CHECK(list("?verdict=provider").empty());
  CHECK(list("?since=10m").size() == 2);
  CHECK(list("?since=30s").empty());
  CHECK(list("?since=2000-01-01T00%3A00%3A00Z").size() == 2);
  for (auto bad : {"?limit=x", "?limit=501", "?verdict=moon", "?since=soon"})
    CHECK(desk.ask(std::string("/-/api/exchanges") + bad).status == 400);
  CHECK(nlohmann::json::parse(desk.ask("/-/api/exchanges/last").body)["id"] == "sg_bbbbbbbbbb");
  CHECK(nlohmann::json::parse(desk.ask("/-/api/exchanges/sg_a").body)["verdict"]["blame"] == "intact");
  CHECK(desk.ask("/-/api/exchanges/last/explain").body.substr(0, 7) == "intact:");
  CHECK(desk.ask("/-/api/exchanges/last/explain?colour=1").body[0] == '\x1b');
  CHECK(desk.ask("/-/api/exchanges/sg_zzz").status == 404);
}

TEST_CASE("events are followed as SSE or as JSON lines", "[admin]") {
  Desk desk;
  CHECK(desk.ask("/-/api/events").follow == Follow::sse);
  CHECK(desk.ask("/-/api/events?format=json_lines").follow == Follow::json_lines);
  CHECK(desk.ask("/-/api/events?format=xml").status == 400);
  CHECK(desk.ask("/-/api/events?verdict=client").filter.verdict == observe::Blame::client);
  CHECK(desk.ask("/-/api/events", "HEAD").follow == Follow::none);
  desk.gate.control_socket = true;
  CHECK(desk.ask("/-/api/events").follow == Follow::json_lines);
  const auto record = observe::sound_record();
  const std::string item = follow_item(record, Follow::sse, {});
  CHECK(item.substr(0, 23) == "event: exchange\ndata: {");
  CHECK(item.substr(item.size() - 2) == "\n\n");
  CHECK(nlohmann::json::parse(follow_item(record, Follow::json_lines, {}))["id"] == record.id);
}

TEST_CASE("reload and stop are for the control socket", "[admin]") {
  Desk desk;
  CHECK(desk.ask("/-/api/stop", "POST").status == 403);
  CHECK_FALSE(desk.stopped);
  desk.gate.control_socket = true;
  CHECK(desk.ask("/-/api/stop").status == 405);
  CHECK(desk.ask("/-/api/stop", "POST").status == 202);
  CHECK(desk.stopped);
  CHECK(desk.ask("/-/api/reload", "POST").status == 409);
  desk.view.reload = [] { return std::optional<std::string>(); };
  CHECK(desk.ask("/-/api/reload", "POST").status == 200);
  desk.view.reload = [] { return std::optional<std::string>("line 3: unknown key"); };
  CHECK(desk.ask("/-/api/reload", "POST").body.find("line 3") != std::string::npos);
}

TEST_CASE("the gate lets in allowed peers under our names and tells the others what to add", "[admin]") {
  Gate gate;
  gate.peer_ip = gate.local_ip = "127.0.0.1";
  for (auto host : {"127.0.0.1:4290", "127.0.0.1", "localhost", "LOCALHOST:4290", "[::1]:4290"}) {
    gate.host = host;
    CHECK_FALSE(refusal(gate));
  }
  for (auto host : {"", "evil.example", "evil.example:4290", "192.0.2.1", "localhost.evil.example", "[", "127.0.0.1.evil.example"}) {
    gate.host = host;
    CHECK(refusal(gate));
  }
  gate.host = "evil.example:4290";
  CHECK(refusal(gate)->find("\"allowed_hosts\": [\"localhost\", \"evil.example\"]") != std::string::npos);
  gate.peer_ip = "192.0.2.9";
  gate.local_ip = "192.0.2.1";
  gate.host = "192.0.2.1:4290";
  REQUIRE(refusal(gate));
  CHECK(refusal(gate)->find("\"192.0.2.9\"] }") != std::string::npos);
  gate.allow.push_back("192.0.2.0/24");
  CHECK_FALSE(refusal(gate));
  gate = Gate{};
  CHECK(refusal(gate));
  gate.control_socket = true;
  CHECK_FALSE(refusal(gate));
}

TEST_CASE("a refused peer gets no page, whatever it asks", "[admin]") {
  Desk desk;
  desk.gate.peer_ip = "192.0.2.9";
  for (auto target : {"/-/healthz", "/-/api/state", "/-/api/exchanges", "/-/metrics"}) CHECK(desk.ask(target).status == 403);
}

TEST_CASE("admin targets are those under the admin path", "[admin]") {
  CHECK(is_admin_target("/-/", "/-/"));
  CHECK(is_admin_target("/-", "/-/"));
  CHECK(is_admin_target("/-/api/state?x=1", "/-/"));
  CHECK_FALSE(is_admin_target("/-x", "/-/"));
  CHECK_FALSE(is_admin_target("/v1/-/", "/-/"));
}
