// SPDX-License-Identifier: Apache-2.0
#include "observe/verdict.hpp"

#include <boost/system/errc.hpp>

#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

void refuse(ExchangeRecord& r, int status, const char* klass, const char* code) {
  r.status = r.attempts.back().status = status;
  r.attempts.back().refusal = klass;
  r.attempts.back().code = code;
  r.finish_reason.clear();
}

}  // namespace

TEST_CASE("a sound exchange with equal hashes is intact and points at the client", "[observe]") {
  const Verdict v = judge(sound_record());
  CHECK(v.blame == Blame::intact);
  CHECK(v.cause == "intact");
  CHECK(v.certainty == Certainty::certain);
  CHECK(says(v, "made after delivery, by the client"));
  CHECK(says(v, "3412 bytes"));
}

TEST_CASE("each own refusal comes first and names whom it concerns", "[observe]") {
  const std::pair<Cause, Blame> expected[] = {
      {Cause::queue_full, Blame::siltgate},   {Cause::queue_timeout, Blame::siltgate}, {Cause::draining, Blame::siltgate},
      {Cause::repeat, Blame::client},         {Cause::forbidden, Blame::client},       {Cause::bad_request, Blame::client},
      {Cause::no_route, Blame::client},       {Cause::websocket_unsupported, Blame::client}, {Cause::line_too_long, Blame::client},   {Cause::head_too_large, Blame::client},
      {Cause::body_too_large, Blame::client}, {Cause::client_silent, Blame::client},   {Cause::bug, Blame::siltgate},
      {Cause::response_too_large, Blame::siltgate}};
  for (auto [cause, blame] : expected) {
    ExchangeRecord r = failed_record(cause, Phase::admit);
    r.attempts.clear();
    r.closed_first = Closer::client;
    const Verdict v = judge(r);
    INFO(to_string(cause));
    CHECK(v.blame == blame);
    CHECK(v.cause == to_string(cause));
    CHECK(v.certainty == Certainty::certain);
    CHECK_FALSE(v.advice.empty());
    CHECK_FALSE(v.facts.empty());
  }
}

TEST_CASE("a client that leaves is to blame even while the provider refuses", "[observe]") {
  ExchangeRecord r = failed_record(Cause::client_left, Phase::admit);
  refuse(r, 429, "concurrency", "1302");
  r.closed_first = Closer::client;
  CHECK(judge(r).blame == Blame::client);
  CHECK(judge(r).cause == "client_left");
  r.last_byte_in = r.accepted;
  r.ended = at_ms(60'000);
  CHECK(says(judge(r), "timeout"));
}

TEST_CASE("a client that closes once it has the end of the answer leaves it intact", "[observe]") {
  ExchangeRecord r = failed_record(Cause::client_left);
  r.closed_first = Closer::client;
  r.finish_reason = "stop";
  CHECK(judge(r).blame == Blame::intact);
  r.bytes_out -= 1;
  CHECK(judge(r).blame == Blame::client);
}

TEST_CASE("a client whose machine is gone is told from one that closes", "[observe]") {
  ExchangeRecord r = failed_record(Cause::client_left, Phase::relay_body);
  r.client_lost = true;
  Verdict v = judge(r);
  CHECK(v.blame == Blame::client);
  CHECK(v.cause == "client_left");
  CHECK(v.certainty == Certainty::certain);
  CHECK(says(v, "gone without a word"));
  // All of the answer was handed over, and nobody says that it arrived.
  r = sound_record();
  r.client_lost = true;
  v = judge(r);
  CHECK(v.blame == Blame::client);
  CHECK(v.certainty == Certainty::likely);
  CHECK(says(v, "may never have arrived"));
  // Whoever ended the answer before counts for more.
  r = failed_record(Cause::upstream_silent);
  r.path = PathState::dead;
  r.client_lost = true;
  CHECK(judge(r).blame == Blame::network);
}

TEST_CASE("connections that do not come about blame the network, a closed port the provider", "[observe]") {
  for (Cause cause : {Cause::resolve_failed, Cause::connect_failed, Cause::connect_timeout, Cause::proxy_refused}) {
    ExchangeRecord r = failed_record(cause, Phase::connect);
    CHECK(judge(r).blame == Blame::network);
    CHECK(judge(r).cause == to_string(cause));
  }
  ExchangeRecord r = failed_record(Cause::connect_failed, Phase::connect);
  r.failure->system = make_error_code(boost::system::errc::connection_refused);
  CHECK(judge(r).blame == Blame::provider);
}

TEST_CASE("a failed TLS connection says what is wrong with the certificate", "[observe]") {
  ExchangeRecord r = failed_record(Cause::tls_failed, Phase::connect);
  r.tls.reset();
  CHECK(judge(r).blame == Blame::unknown);
  r.failure->detail = "certificate has expired";
  CHECK(judge(r).blame == Blame::provider);
  r.failure->detail = "self-signed certificate in certificate chain";
  CHECK(judge(r).blame == Blame::network);
  CHECK(says(judge(r), "self-signed"));
  r.tls = TlsSummary{"TLSv1.2", "ACME Filter", false};
  r.failure->detail.clear();
  CHECK(judge(r).blame == Blame::network);
  CHECK(says(judge(r), "ACME Filter"));
}

TEST_CASE("a provider's error status is explained by class and code", "[observe]") {
  ExchangeRecord r = sound_record();
  refuse(r, 429, "concurrency", "1302");
  r.provider_error = "High concurrency usage of this API";
  Verdict v = judge(r);
  CHECK(v.blame == Blame::provider);
  CHECK(v.cause == "concurrency");
  CHECK(v.certainty == Certainty::certain);
  CHECK(says(v, "1302"));
  CHECK(says(v, "siltgate then queues"));
  CHECK(says(v, "High concurrency"));
  refuse(r, 429, "quota", "1308");
  CHECK(says(judge(r), "reset"));
  refuse(r, 429, "account", "1113");
  CHECK(says(judge(r), "Top the account up"));
  refuse(r, 401, "auth", "");
  CHECK(judge(r).cause == "auth");
  refuse(r, 404, "", "");
  CHECK(judge(r).cause == "status_404");
}

TEST_CASE("a redirect in place of an answer is no intact answer", "[observe]") {
  ExchangeRecord r = sound_record();
  r.status = r.attempts.back().status = 302;
  r.finish_reason.clear();
  Verdict v = judge(r);
  CHECK(v.blame == Blame::provider);
  CHECK(v.cause == "status_302");
  CHECK(v.certainty == Certainty::certain);
  CHECK(says(v, "base_url"));
  r.tls.reset();
  r.upstream_tls = false;
  CHECK(judge(r).certainty == Certainty::likely);
  r.dialect = Dialect::none;   // a file, a list: redirects belong to such paths
  CHECK(judge(r).blame == Blame::intact);
}

TEST_CASE("credentials in a provider's message do not reach the facts", "[observe]") {
  ExchangeRecord r = sound_record();
  refuse(r, 401, "auth", "");
  r.provider_error = "Incorrect API key provided: sk-abcdefghijklmnop123456";
  CHECK_FALSE(says(judge(r), "abcdefgh"));
  CHECK(says(judge(r), "[redacted]"));
}

TEST_CASE("an HTML error page over plain http may come from a gateway", "[observe]") {
  ExchangeRecord r = sound_record();
  refuse(r, 502, "transient", "");
  r.content_type = "text/html";
  CHECK(judge(r).certainty == Certainty::certain);
  r.upstream_tls = false;
  r.tls.reset();
  CHECK(judge(r).certainty == Certainty::likely);
}

TEST_CASE("an answer after refused attempts is judged by itself and tells of them", "[observe]") {
  ExchangeRecord r = sound_record();
  Attempt refused;
  refused.status = 429;
  refused.refusal = "concurrency";
  refused.code = "1302";
  r.attempts.insert(r.attempts.begin(), refused);
  CHECK(judge(r).blame == Blame::intact);
  CHECK(says(judge(r), "2 attempts were made; before the last one: concurrency 1302"));
}

TEST_CASE("an orderly close in mid-answer is the provider's, certain only with proof", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_closed);
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::likely);
  CHECK(says(judge(r), "the provider cut the stream after 3412 bytes"));
  r.close_notify = true;
  CHECK(judge(r).certainty == Certainty::certain);
  r.close_notify.reset();
  r.upstream_loopback = true;
  CHECK(judge(r).certainty == Certainty::certain);
}

TEST_CASE("a reset is judged by the path, the silence before it and what stands between", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_reset);
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::likely);
  r.ended = at_ms(62'000);
  CHECK(judge(r).blame == Blame::unknown);
  CHECK(judge(r).certainty == Certainty::cannot_tell);
  r.path = PathState::alive;
  CHECK(judge(r).blame == Blame::provider);
  r.through_proxy = true;
  CHECK(judge(r).blame == Blame::unknown);
  r.path = PathState::dead;
  CHECK(judge(r).blame == Blame::network);
}

TEST_CASE("framing that is not HTTP is the provider's over public TLS, the middlebox's else", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_malformed);
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::certain);
  r.tls->public_ca = false;
  CHECK(judge(r).blame == Blame::network);
  CHECK(judge(r).certainty == Certainty::likely);
}

TEST_CASE("old opencode gets the advice that ends its replays", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_reset);
  r.user_agent = "opencode/1.1.34 ai-sdk/provider-utils/3.0.20 runtime/bun/1.3.5";
  CHECK(says(judge(r), "1.15.13"));
  r = sound_record();
  CHECK_FALSE(says(judge(r), "1.15.13"));
  r.user_agent = "opencode/1.2.27";
  CHECK(says(judge(r), "keep_alive"));
}

TEST_CASE("silence is told from death by the path", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_silent);
  r.ended = at_ms(122'000);
  CHECK(judge(r).blame == Blame::unknown);
  CHECK(says(judge(r), "120000 ms"));
  r.path = PathState::alive;
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::certain);
  r.path = PathState::dead;
  r.tcp = TcpSample{std::chrono::seconds(121), std::chrono::seconds(122), std::chrono::milliseconds(34), 0, 0, 59};
  CHECK(judge(r).blame == Blame::network);
  CHECK(judge(r).certainty == Certainty::likely);  // a machine without power looks the same
  CHECK(says(judge(r), "59 keep-alive probes unanswered"));
  CHECK(says(judge(r), "Wi-Fi"));
  CHECK_FALSE(says(judge(r), "raise timeouts"));  // no time-out is long enough for a path that is dead
  ExchangeRecord stuck = r;   // the request never arrived, on a connection of its own
  stuck.bytes_in = 0;
  stuck.first_byte = stuck.last_byte_in = {};
  stuck.tcp->unacknowledged = 7;
  CHECK(says(judge(stuck), "MTU"));
  stuck.attempts.back().reused = true;
  CHECK_FALSE(says(judge(stuck), "MTU"));
  r.path.reset();
  r.bytes_in = 0;
  r.first_byte = r.last_byte_in = {};
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::likely);
  CHECK(says(judge(r), "did not begin to answer within 121950 ms"));
}

TEST_CASE("a replay by the client is the client's", "[observe]") {
  ExchangeRecord r = sound_record();
  r.replay_of = "sg_zzzzzzzzzz";
  CHECK(judge(r).blame == Blame::client);
  CHECK(judge(r).cause == "client_replay");
  CHECK(says(judge(r), "sg_zzzzzzzzzz"));
  CHECK(says(judge(r), r.id));
  CHECK(says(judge(r), "replayed POST"));
}

TEST_CASE("an empty record is unknown, and no record makes the judge throw", "[observe]") {
  CHECK(judge(ExchangeRecord{}).blame == Blame::unknown);
  for (int cause = 0; cause <= static_cast<int>(Cause::bug); ++cause)
    for (bool with_attempt : {false, true}) {
      ExchangeRecord r;
      if (with_attempt) r.attempts.emplace_back();
      r.failure.emplace();
      r.failure->cause = static_cast<Cause>(cause);
      const Verdict v = judge(r);
      CHECK_FALSE(v.cause.empty());
      CHECK_FALSE(v.summary.empty());
      CHECK_FALSE(v.advice.empty());
    }
}

TEST_CASE("exit codes are the contract's", "[observe]") {
  CHECK(exit_code(Blame::intact) == 0);
  CHECK(exit_code(Blame::provider) == 10);
  CHECK(exit_code(Blame::network) == 11);
  CHECK(exit_code(Blame::client) == 12);
  CHECK(exit_code(Blame::siltgate) == 13);
  CHECK(exit_code(Blame::unknown) == 14);
}
