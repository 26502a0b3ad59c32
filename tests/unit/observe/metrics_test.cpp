// SPDX-License-Identifier: Apache-2.0
#include "observe/exchange_metrics.hpp"

#include "observe/key_stats.hpp"
#include "observe/path_words.hpp"
#include "observe/status_text.hpp"
#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

State sample_state() {
  State s;
  s.version = "0.1.0";
  s.pid = 4711;
  s.started_at = WallTime(std::chrono::seconds(1'790'000'000));
  s.uptime = 3725s;
  s.listen = {"127.0.0.1:4290"};
  s.in_flight = 1;
  s.waiting_total = 1;
  s.providers = {{"zai", "https://api.z.ai/api/coding/paas/v4", "zai", true}};
  KeyRow key;
  key.provider = "zai";
  key.key = "#9f3c";
  key.model = "glm-4.6";
  key.in_flight = key.cap = key.waiting = 1;
  key.automatic = true;
  key.oldest_wait = 12s;
  key.refusals = 3;
  key.ttft_p50 = 830ms;
  key.ttft_p95 = 2100ms;
  key.tokens_per_second = 41.5;
  s.keys = {key};
  s.waiting = {{"sg_abcdefghij", "zai", "#9f3c", "glm-4.6", "interactive", "ses_1", 1, 12s}};
  s.live = {{"sg_bbbbbbbbbb", "zai", "#9f3c", "glm-4.6", "opencode/1.18.33", "relay_body", 5s, 40ms, 120, 30000}};
  s.live[0].path = "alive";
  s.live[0].tcp = TcpSample{1200ms, 12s, 31500us, 0, 0, 0};
  s.live[0].path_words = path_words(PathState::alive, *s.live[0].tcp, false);
  return s;
}

}  // namespace

TEST_CASE("a family writes the text format with escaped labels", "[observe]") {
  Family counter(Family::Kind::counter, "c_total", "Help.", {"a"});
  counter.add({"x\"\\\n"}, 2);
  counter.add({"x\"\\\n"});
  std::string out;
  counter.write(out);
  CHECK(out == "# HELP c_total Help.\n# TYPE c_total counter\nc_total{a=\"x\\\"\\\\\\\\n\"} 3\n");
  Family histogram(Family::Kind::histogram, "h", "Help.", {}, {0.5, 1});
  for (double v : {0.5, 0.7, 3.0}) histogram.observe({}, v);
  out.clear();
  histogram.write(out);
  CHECK(out ==
        "# HELP h Help.\n# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\n"
        "h_sum 4.2\nh_count 3\n");
}

TEST_CASE("label sets are bounded, the rest is counted together", "[observe]") {
  Family counter(Family::Kind::counter, "c_total", "Help.", {"a"});
  for (int i = 0; i < 10'000; ++i) counter.add({std::to_string(i)});
  CHECK(counter.series() == Family::most_series + 1);
  CHECK(counter.value({"_other"}) == 10'000 - Family::most_series);
}

TEST_CASE("finished exchanges are counted under the contract's names", "[observe]") {
  ExchangeMetrics metrics;
  ExchangeRecord r = sound_record();
  r.longest_gap = 300ms;
  Attempt refused;
  refused.refusal = "concurrency";
  refused.code = "1302";
  r.attempts.insert(r.attempts.begin(), refused);
  r.findings = {sample_finding(Check::finish_reason, Action::repair)};
  r.verdict = judge(r);
  metrics.count(r);
  const std::string out = metrics.expose(sample_state());
  CHECK(has(out, "siltgate_requests_total{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\",verdict=\"intact\"} 1\n"));
  CHECK(has(out, "siltgate_in_flight{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\"} 1\n"));
  CHECK(has(out, "siltgate_concurrency_cap{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\"} 1\n"));
  CHECK(has(out, "siltgate_queue_waiting{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\"} 1\n"));
  CHECK(has(out, "siltgate_queue_oldest_seconds{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\"} 12\n"));
  CHECK(has(out, "siltgate_upstream_refusals_total{class=\"concurrency\",code=\"1302\"} 1\n"));
  CHECK(has(out, "siltgate_findings_total{check=\"finish_reason\",action=\"repair\"} 1\n"));
  CHECK(has(out, "siltgate_tokens_total{provider=\"zai\",key=\"#9f3c\",model=\"glm-4.6\",type=\"output\"} 46\n"));
  CHECK(has(out, "siltgate_build_info{version=\"0.1.0\"} 1\n"));
  CHECK(has(out, "siltgate_capture_bytes 0\n"));
  for (auto name : {"siltgate_queue_wait_seconds", "siltgate_time_to_first_event_seconds", "siltgate_event_gap_seconds",
                    "siltgate_own_time_seconds", "gen_ai_client_operation_duration_seconds", "gen_ai_client_operation_time_to_first_chunk_seconds",
                    "gen_ai_client_token_usage"}) {
    INFO(name);
    CHECK(has(out, std::string("# TYPE ") + name + " histogram\n"));
    CHECK(has(out, std::string(name) + "_count"));
  }
}

TEST_CASE("every metric name is known before the first request", "[observe]") {
  const std::string out = ExchangeMetrics().expose(State{});
  for (auto name : {"siltgate_requests_total", "siltgate_in_flight", "siltgate_concurrency_cap", "siltgate_queue_waiting", "siltgate_queue_wait_seconds",
                    "siltgate_queue_oldest_seconds", "siltgate_upstream_refusals_total", "siltgate_findings_total", "siltgate_time_to_first_event_seconds",
                    "siltgate_event_gap_seconds", "siltgate_own_time_seconds", "siltgate_tokens_total", "siltgate_capture_bytes", "siltgate_build_info",
                    "gen_ai_client_operation_duration_seconds", "gen_ai_client_operation_time_to_first_chunk_seconds",
                    "gen_ai_client_operation_time_per_output_chunk_seconds", "gen_ai_client_token_usage"})
    CHECK(has(out, std::string("# TYPE ") + name + " "));
}

TEST_CASE("the times between pieces fall into OpenTelemetry's buckets", "[observe]") {
  ExchangeMetrics metrics;
  ExchangeRecord r = sound_record();
  r.stream = true;
  for (Duration time : {Duration(0), Duration(10ms), Duration(10ms + 1ns), Duration(20ms), Duration(81920ms), Duration(81920ms + 1ns)})
    r.chunk_times.add(time);
  metrics.count(r);
  const std::string out = metrics.expose(sample_state());
  const std::string name = "gen_ai_client_operation_time_per_output_chunk_seconds";
  const std::string who = "{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"zai\",gen_ai_request_model=\"glm-4.6\"";
  CHECK(has(out, name + "_bucket" + who + ",le=\"0.01\"} 2\n"));
  CHECK(has(out, name + "_bucket" + who + ",le=\"0.02\"} 4\n"));
  CHECK(has(out, name + "_bucket" + who + ",le=\"81.92\"} 5\n"));
  CHECK(has(out, name + "_bucket" + who + ",le=\"+Inf\"} 6\n"));
  CHECK(has(out, name + "_count" + who + "} 6\n"));
  CHECK(has(out, name + "_sum" + who + "} 163.88"));
}

TEST_CASE("per key, answers make percentiles, rates and counts", "[observe]") {
  KeyStats stats;
  for (int i = 1; i <= 100; ++i) {
    ExchangeRecord r = sound_record();
    r.first_event = r.admitted + std::chrono::milliseconds(10 * i);
    r.last_byte_in = r.first_event + 1s;
    r.out_tokens = 40;
    if (i == 1) r.findings = {sample_finding(Check::utf8, Action::reject)};
    if (i == 2) r.attempts.back().refusal = "concurrency";
    stats.count(r);
  }
  std::vector<KeyRow> rows(2);
  for (KeyRow& row : rows) {
    row.provider = "zai";
    row.key = "#9f3c";
  }
  rows[0].wide = true;
  rows[1].model = "other";
  stats.fill(rows);
  CHECK(rows[0].finished == 100);
  CHECK(rows[0].damaged == 1);
  CHECK(rows[0].refusals == 1);
  CHECK(rows[0].ttft_p50 == Duration(500ms));
  CHECK(rows[0].ttft_p95 == Duration(950ms));
  CHECK(rows[0].tokens_per_second == 40.0);
  CHECK(rows[1].finished == 0);
  CHECK_FALSE(rows[1].ttft_p50);
}

TEST_CASE("each exchange counts in one row: its model's, its group's, or that of the key", "[observe]") {
  KeyStats stats;
  for (const char* model : {"", "a", "b", "c", "d"}) {
    ExchangeRecord r = sound_record();
    r.model = model;
    r.findings = {sample_finding(Check::utf8, Action::reject)};
    stats.count(r);
  }
  const auto damaged = [&stats](const std::vector<std::tuple<std::string, bool, std::vector<std::string>>>& names) {
    std::vector<KeyRow> rows;
    for (const auto& [model, wide, group] : names) {
      KeyRow row;
      row.provider = "zai";
      row.key = "#9f3c";
      row.model = model;
      row.wide = wide;
      row.group = group;
      rows.push_back(row);
    }
    stats.fill(rows);
    std::vector<std::uint64_t> out;
    for (const KeyRow& row : rows) out.push_back(row.damaged);
    return out;
  };
  using Counts = std::vector<std::uint64_t>;
  CHECK(damaged({{"", false, {}}, {"a", false, {}}}) == Counts{1, 1});                      // per key+model
  CHECK(damaged({{"", true, {}}}) == Counts{5});                                            // per key
  CHECK(damaged({{"", true, {}}, {"a", false, {}}, {"g", false, {"b", "c"}}}) == Counts{2, 1, 2});
}

TEST_CASE("the excerpt of a refused reload stands in lines of its own", "[observe]") {
  State s = sample_state();
  s.last_reload_error = "f:1:2: unknown\x1b key\n 1 | {\n   |  ^\n";
  CHECK(status_table(s, false).find("the last reload was refused: f:1:2: unknown\\x1b key\n 1 | {\n   |  ^\n") != std::string::npos);
}

TEST_CASE("the state reads back from its JSON", "[observe]") {
  State s = sample_state();
  s.last_reload_error = "line 3: unknown key";
  const std::string text = state_to_json(s);
  const auto back = state_from_json(text);
  REQUIRE(back);
  CHECK(state_to_json(*back) == text);
  CHECK(back->live.at(0).tcp->round_trip == 31500us);
  CHECK(back->keys.at(0).ttft_p95 == s.keys.at(0).ttft_p95);
  CHECK_FALSE(back->keys.at(0).held);
  for (auto bad : {"", "[]", "{\"pid\":\"x\"}", "{\"keys\":[{\"cap\":\"x\"}]}"}) CHECK_FALSE(state_from_json(bad));
}

TEST_CASE("status prints a table per key with its warnings", "[observe]") {
  State s = sample_state();
  s.draining = true;
  s.bottleneck = "siltgate is the bottleneck for zai/#9f3c";
  s.keys[0].held = 90s;
  s.keys[0].held_reason = "quota spent, code 1308";
  CHECK(status_table(s, false) ==
        "siltgate 0.1.0, up 1h02m, listening on 127.0.0.1:4290\n"
        "provider zai (default): https://api.z.ai/api/coding/paas/v4 (profile zai)\n"
        "draining: no new work is taken\n"
        "siltgate is the bottleneck for zai/#9f3c\n"
        "zai/#9f3c glm-4.6 is held for 1m30s: quota spent, code 1308\n"
        "\n"
        "KEY        MODEL    IN FLIGHT  WAITING  OLDEST  REFUSED  DAMAGED  TTFT p50/p95  TOK/S\n"
        "zai/#9f3c  glm-4.6   1/1 auto        1     12s        3        0    830ms/2.1s   41.5\n"
        "\n"
        "under way\n"
        "  sg_bbbbbbbbbb glm-4.6 relay_body for 5.0s, 120 events, silent for 40ms; path alive: its machine answered 1.2s ago, no retransmits\n"
        "\n"
        "waiting\n"
        "  1. sg_abcdefghij glm-4.6 interactive for 12s\n");
  CHECK(has(status_table(s, true), "\x1b["));
  CHECK(has(status_table(State{}, false), "no request has come yet"));
}

TEST_CASE("the path of a stream under way is told with its evidence", "[observe]") {
  CHECK(path_words(PathState::alive, {1200ms, 12s, 30ms, 0, 0, 0}, false) == "alive: its machine answered 1.2s ago, no retransmits");
  CHECK(path_words(PathState::alive, {300ms, 12s, 30ms, 2, 1, 0}, true) ==
        "alive: the proxy answered 300ms ago, 1 retransmit");
  CHECK(path_words(PathState::dead, {9s, 14s, 30ms, 0, 0, 3}, false) == "dead: nothing from its machine for 9.0s, 3 probes unanswered");
  CHECK(path_words(PathState::dead, {9s, 14s, 30ms, 4, 5, 0}, false) ==
        "dead: nothing from its machine for 9.0s, 5 retransmits");
  CHECK(path_words(PathState::unknown, {3500ms, 4s, 30ms, 0, 0, 1}, false) ==
        "too early to tell: nothing from its machine for 3.5s, no retransmits");
}

TEST_CASE("status for a status bar is one line", "[observe]") {
  CHECK(status_line(sample_state()) == "siltgate 1/1 in flight, 1 waiting 12s, 3 refused, 0 damaged");
  CHECK(status_line(State{}) == "siltgate 0 in flight, 0 waiting, 0 refused, 0 damaged");
}

TEST_CASE("status, its one line and metrics say how the shared caps stand", "[observe]") {
  State s = sample_state();
  const auto exposed = [&] { return ExchangeMetrics().expose(s); };
  CHECK_FALSE(has(exposed(), "siltgate_shared_"));
  CHECK_FALSE(has(status_table(s, false), "shared"));
  SharedState& g = s.shared.emplace();
  g.redis = "redis://10.0.0.5:6379/0";
  g.mode = "shared";
  g.parts = 2;
  g.lost_permits = 4;
  g.instances = {{"one:4290", "0.1.0", true, 1, 0, 9s}, {"other:4290", "0.1.0", false, 2, 5, 8s}};
  CHECK(has(status_table(s, false), "shared: redis://10.0.0.5:6379/0, 2 instances\n"
                                    "  one:4290 (this one): 1 in flight, 0 waiting\n  other:4290: 2 in flight, 5 waiting\n"));
  CHECK_FALSE(has(status_line(s), "Redis"));
  for (auto line : {"\nsiltgate_shared_up 1\n", "\nsiltgate_shared_instances 2\n", "\nsiltgate_shared_lost_permits 4\n"}) CHECK(has(exposed(), line));
  const auto back = state_from_json(state_to_json(s));
  REQUIRE(back);
  CHECK(status_table(*back, false) == status_table(s, false));
  g.trouble = "connection refused";
  g.since = 65s;
  for (auto [mode, parts, says] : {std::tuple{"local", 2, "1/2 of the caps is kept"}, std::tuple{"local", 1, "caps are this instance's own"},
                                   std::tuple{"refusing", 2, "requests are refused"}}) {
    g.mode = mode;
    g.parts = parts;
    CHECK(has(status_table(s, false), std::string("shared: redis://10.0.0.5:6379/0 is down for 1m05s (connection refused); ") + says + "\n"));
    CHECK(has(status_line(s), ", Redis down"));
    CHECK(has(exposed(), "\nsiltgate_shared_up 0\n"));
  }
}

TEST_CASE("durations are shown with at most two units", "[observe]") {
  CHECK(short_duration(0ms) == "0ms");
  CHECK(short_duration(999ms) == "999ms");
  CHECK(short_duration(9999ms) == "9.9s");
  CHECK(short_duration(59s) == "59s");
  CHECK(short_duration(250s) == "4m10s");
  CHECK(short_duration(125min) == "2h05m");
  CHECK(short_duration(76h) == "3d4h");
}
