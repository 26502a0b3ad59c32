// SPDX-License-Identifier: Apache-2.0
#include "observe/record_json.hpp"

#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

TEST_CASE("a record reads back from its JSON as it was", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_reset);
  r.failure->detail = "read";
  r.failure->system = {104, boost::system::system_category()};
  r.findings = {sample_finding(Check::utf8, Action::reject)};
  r.path = PathState::alive;
  r.close_notify = false;
  r.replay_of = "sg_zzzzzzzzzz";
  r.tcp = TcpSample{std::chrono::milliseconds(1200), std::chrono::seconds(9), std::chrono::microseconds(34'500), 3, 2, 1};
  r.content_coding = "gzip";
  r.sha256_decoded = std::string(64, 'e');
  r.bytes_decoded = 77;
  r.closed_first = Closer::upstream;
  r.client_lost = true;
  r.attempts.back().resent_after = std::chrono::milliseconds(10'001);
  r.verdict = judge(r);
  const std::string text = record_to_json(r);
  const auto back = record_from_json(text);
  REQUIRE(back);
  CHECK(record_to_json(*back) == text);
  CHECK(back->id == r.id);
  CHECK(back->started_at == r.started_at);
  CHECK(back->first_byte - back->accepted == r.first_byte - r.accepted);
  CHECK(back->failure->cause == Cause::upstream_reset);
  CHECK(back->failure->system == r.failure->system);
  CHECK(back->findings.at(0).excerpt == r.findings.at(0).excerpt);
  CHECK(back->verdict.facts == r.verdict.facts);
  CHECK(back->path == PathState::alive);
  CHECK(back->tcp->round_trip == r.tcp->round_trip);
  CHECK(back->tcp->unanswered_probes == 1);
  CHECK(back->bytes_decoded == 77);
  CHECK(back->close_notify == false);
  CHECK(back->tls->public_ca == true);
}

TEST_CASE("unset times and counts stay unset in JSON", "[observe]") {
  const auto back = record_from_json(record_to_json(ExchangeRecord{}));
  REQUIRE(back);
  CHECK(back->first_byte == TimePoint{});
  CHECK(back->in_tokens == -1);
  CHECK_FALSE(back->failure);
  CHECK_FALSE(back->path);
}

TEST_CASE("JSON of a record is one line of UTF-8 without credentials", "[observe]") {
  ExchangeRecord r = sound_record();
  r.user_agent = "evil\n\xff\x1b[31m";
  r.provider_error = "key my-secret-value and Bearer abcdef123456 rejected";
  const std::vector<std::string> secrets{"my-secret-value"};
  const std::string text = record_to_json(r, secrets);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("my-secret-value") == std::string::npos);
  CHECK(text.find("abcdef123456") == std::string::npos);
  CHECK(record_from_json(text));
}

TEST_CASE("what is no record is refused, at every cut of one", "[observe]") {
  const std::string text = record_to_json(sound_record());
  for (std::size_t i = 0; i < text.size(); ++i) REQUIRE_FALSE(record_from_json(text.substr(0, i)));
  for (auto bad : {"[]", "null", "{\"id\":1}", "{\"events\":\"x\"}", "{\"attempts\":[1]}"}) CHECK_FALSE(record_from_json(bad));
}

TEST_CASE("wall times are ISO 8601 in UTC both ways", "[observe]") {
  const WallTime time = WallTime(std::chrono::seconds(1'709'164'799)) + std::chrono::milliseconds(7);
  CHECK(iso8601(time) == "2024-02-28T23:59:59.007Z");
  CHECK(iso8601(WallTime{}) == "1970-01-01T00:00:00.000Z");
  CHECK(parse_iso8601("2024-02-28T23:59:59.007Z") == time);
  CHECK(parse_iso8601("2024-02-28T23:59:59Z") == time - std::chrono::milliseconds(7));
  for (auto bad : {"", "2024-02-30T00:00:00Z", "2024-02-28 23:59:59Z", "2024-02-28T24:00:00Z", "2024-02-28T23:59:59", "-024-02-28T23:59:59Z"})
    CHECK_FALSE(parse_iso8601(bad));
}
