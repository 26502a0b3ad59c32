// SPDX-License-Identifier: Apache-2.0
#include "admin/api.hpp"

#include <nlohmann/json.hpp>

#include "admin/captures.hpp"
#include "admin/commands.hpp"
#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_capture.hpp"
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
  CHECK_FALSE(desk.ask("/-/api/events").with_state);
  CHECK(desk.ask("/-/api/events?state=1").with_state);
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

TEST_CASE("a page of ours may command with the token of this start, nobody else", "[admin]") {
  Desk desk;
  std::string cancelled;
  desk.view.token = "0123456789abcdef";
  desk.view.cancel = [&](const std::string& id) {
    cancelled = id;
    return id == "sg_aaaaaaaaaa";
  };
  const auto ask = [&](std::string_view target, std::string_view body = "") { return answer("POST", target, body, desk.gate, desk.view).status; };
  const std::string target = "/-/api/exchanges/sg_aaaaaaaaaa/cancel";
  CHECK(ask(target) == 403);                                  // no Origin, no token
  desk.gate.token = desk.view.token;
  CHECK(ask(target) == 403);
  for (auto origin : {"null", "http://evil.example", "http://127.0.0.1:4291", "127.0.0.1:4290", ""}) {
    desk.gate.origin = origin;
    INFO(origin);
    CHECK(ask(target) == 403);
  }
  desk.gate.origin = "http://127.0.0.1:4290";
  for (auto site : {"cross-site", "same-site", "none"}) {
    desk.gate.fetch_site = site;
    CHECK(ask(target) == 403);
  }
  desk.gate.fetch_site = "same-origin";
  for (auto token : {"", "0123456789abcdee", "0123456789abcdef0"}) {
    desk.gate.token = token;
    CHECK(ask(target) == 403);
  }
  CHECK(cancelled.empty());
  desk.gate.token = desk.view.token;
  CHECK(ask(target) == 202);
  CHECK(cancelled == "sg_aaaaaaaaaa");
  CHECK(ask("/-/api/exchanges/sg_zzzzzzzzzz/cancel") == 404);
  CHECK(ask("/-/api/exchanges/cancel") == 405);
  CHECK(ask("/-/api/stop") == 403);                           // never from a page
  CHECK_FALSE(desk.stopped);
  desk.view.token.clear();                                    // no token is no token that fits
  desk.gate.token.clear();
  CHECK(ask(target) == 403);
  CHECK(new_token().size() == 40);
  CHECK(new_token() != new_token());
}

TEST_CASE("a cap is set by provider, key, model and a whole number", "[admin]") {
  Desk desk;
  desk.gate.control_socket = true;
  std::string set;
  desk.view.set_cap = [&](const std::string& provider, const std::string& key, const std::string& model, int cap) {
    set = provider + "|" + key + "|" + model + "|" + std::to_string(cap);
    return provider == "zai";
  };
  const auto ask = [&](std::string_view body) { return answer("POST", "/-/api/cap", body, desk.gate, desk.view).status; };
  CHECK(ask(R"({"provider":"zai","key":"","model":"glm-4.6","cap":3})") == 200);
  CHECK(set == "zai||glm-4.6|3");
  CHECK(ask(R"({"provider":"zai","cap":0})") == 200);
  CHECK(ask(R"({"provider":"other","cap":1})") == 404);
  set.clear();
  for (auto bad : {"", "[]", "7", "{}", R"({"provider":"zai"})", R"({"provider":"zai","cap":-1})", R"({"provider":"zai","cap":1.5})",
                   R"({"provider":"zai","cap":"2"})", R"({"provider":"zai","cap":10001})", R"({"provider":7,"cap":1})"})
    CHECK(ask(bad) == 400);
  CHECK(set.empty());
}

TEST_CASE("the dashboard is served with a policy that runs nothing but its own files", "[admin]") {
  Desk desk;
  desk.view.token = "feedface";
  const Reply page = desk.ask("/-/");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.find("content=\"feedface\"") != std::string::npos);
  std::string policy;
  for (const auto& [name, value] : page.fields)
    if (name == "Content-Security-Policy") policy = value;
  for (auto part : {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"})
    CHECK(policy.find(part) != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(desk.ask("/-/style.css").content_type == "text/css; charset=utf-8");
  for (auto script : {"script", "dom", "format", "limits", "history", "exchange", "evidence", "charts"}) {
    const Reply reply = desk.ask("/-/" + std::string(script) + ".js");
    INFO(script);
    CHECK(reply.content_type == "text/javascript; charset=utf-8");
    CHECK(reply.body.find("innerHTML") == std::string::npos);
  }
  for (auto none : {"/-/page.js", "/-/other.js", "/-/.js", "/-/page.html", "/-/../etc/passwd"}) CHECK(desk.ask(none).status == 404);
  CHECK(desk.ask("/-").status == 308);
  desk.gate.peer_ip = "192.0.2.9";
  CHECK(desk.ask("/-/").status == 403);
}

TEST_CASE("a capture is shown by view and attempt, and its absence said", "[admin]") {
  Desk desk;
  const std::string path = "/-/api/exchanges/sg_aaaaaaaaaa/capture";
  CHECK(desk.ask(path).status == 404);
  observe::CaptureMaker capture;
  capture.head();
  capture.response();
  capture.read("data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<b>Hi</b>\"}}]}\n\n");
  const std::string text = capture.text();
  desk.view.capture = [&](const std::string&) { return std::optional<CaptureFile>({text.size(), text}); };
  const auto overview = nlohmann::json::parse(desk.ask(path).body);
  REQUIRE(overview["attempts"].size() >= 1);
  const auto chat = nlohmann::json::parse(desk.ask(path + "?view=chat").body);
  REQUIRE(chat["parts"].size() == 1);
  CHECK(chat["parts"][0]["text"] == "<b>Hi</b>");
  CHECK(nlohmann::json::parse(desk.ask(path + "?view=events").body)["events"].size() >= 1);
  for (auto view : {"hex", "diff", "headers"}) CHECK(desk.ask(path + "?view=" + view).content_type == "text/plain; charset=utf-8");
  CHECK(desk.ask(path + "?view=pictures").status == 400);
  CHECK(desk.ask(path + "?view=hex&event=9999").status == 404);
  CHECK(desk.ask(path + "?view=chat&attempt=99").status == 404);
  desk.view.capture = [](const std::string&) { return std::optional<CaptureFile>({longest_capture + 1, ""}); };
  CHECK(desk.ask(path).body.find("siltgate show sg_aaaaaaaaaa") != std::string::npos);
  desk.view.capture = [](const std::string&) { return std::optional<CaptureFile>({3, "{}\n"}); };
  CHECK(desk.ask(path).status == 404);
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
