// SPDX-License-Identifier: Apache-2.0
#include "observe/verdict.hpp"

#include <boost/system/errc.hpp>

#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

bool says(const Verdict& v, std::string_view words) {
  if (v.summary.find(words) != std::string::npos || v.advice.find(words) != std::string::npos) return true;
  for (const std::string& fact : v.facts)
    if (fact.find(words) != std::string::npos) return true;
  return false;
}

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

TEST_CASE("damaged bytes name their check and blame whoever could touch them", "[observe]") {
  for (int i = 0; i < check_count - 1; ++i) {
    const Check check = static_cast<Check>(i);
    ExchangeRecord r = failed_record(Cause::damaged);
    r.findings = {sample_finding(check, Action::reject)};
    const Verdict v = judge(r);
    CHECK(v.cause == to_string(check));
    CHECK(v.blame == Blame::provider);
    CHECK(v.certainty == Certainty::certain);
    CHECK(says(v, "event 4, byte 1010"));
    CHECK(says(v, "DigiCert"));
  }
  ExchangeRecord r = failed_record(Cause::damaged);
  r.findings = {sample_finding(Check::utf8, Action::drop)};
  r.tls->public_ca = false;
  r.tls->issuer = "ACME Filter";
  CHECK(judge(r).blame == Blame::network);
  CHECK(says(judge(r), "ACME Filter"));
  r.tls.reset();
  r.upstream_tls = false;
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::likely);
  CHECK(says(judge(r), "plain http"));
  r.upstream_loopback = true;
  CHECK(judge(r).certainty == Certainty::certain);
}

TEST_CASE("damage that a check only flags is no intact answer, what readers pass over is", "[observe]") {
  for (int i = 0; i < check_count; ++i) {
    const Check check = static_cast<Check>(i);
    if (check == Check::garble) continue;
    ExchangeRecord r = sound_record();
    r.findings = {sample_finding(check, Action::flag)};
    const Verdict v = judge(r);
    INFO(to_string(check));
    CHECK(v.blame == Blame::provider);
    CHECK(v.cause == to_string(check));
    CHECK(v.certainty == Certainty::certain);
    CHECK(v.summary.find("only flags") != std::string::npos);
    r.findings.back().doubtful = true;
    CHECK(judge(r).blame == Blame::intact);
    CHECK(judge(r).summary.find("every check passed") == std::string::npos);
  }
  ExchangeRecord unread = sound_record();
  unread.content_coding = "br";
  unread.findings = {sample_finding(Check::content_type, Action::flag)};
  CHECK(judge(unread).cause == "unchecked");
}

TEST_CASE("an error inside a 200 answer is the provider's", "[observe]") {
  ExchangeRecord r = failed_record(Cause::provider_error);
  r.provider_error = "1302 High concurrency";
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).cause == "provider_error");
  r.attempts.back().refusal = "concurrency";
  CHECK(judge(r).cause == "concurrency");
}

TEST_CASE("degenerate text in sound bytes is the model's", "[observe]") {
  for (Action action : {Action::flag, Action::reject}) {
    ExchangeRecord r = action == Action::flag ? sound_record() : failed_record(Cause::damaged);
    r.findings = {sample_finding(Check::garble, action)};
    CHECK(judge(r).blame == Blame::provider);
    CHECK(judge(r).cause == "model");
    CHECK(judge(r).certainty == Certainty::likely);
  }
}

TEST_CASE("text that may be healthy is not judged with certainty", "[observe]") {
  ExchangeRecord r = sound_record();
  r.findings = {sample_finding(Check::garble, Action::flag)};
  r.findings.back().doubtful = true;
  CHECK(judge(r).cause == "model");
  CHECK(judge(r).certainty == Certainty::cannot_tell);
  CHECK(says(judge(r), "Healthy text may look so too"));
  r.findings.push_back(sample_finding(Check::garble, Action::flag));
  r.findings.push_back(r.findings.front());
  CHECK(judge(r).certainty == Certainty::likely);
}

TEST_CASE("unequal hashes are siltgate's fault unless a repair explains them", "[observe]") {
  ExchangeRecord r = sound_record();
  r.sha256_out = std::string(64, 'c');
  CHECK(judge(r).blame == Blame::siltgate);
  CHECK(judge(r).cause == "changed");
  r.findings = {sample_finding(Check::finish_reason, Action::repair)};
  CHECK(judge(r).blame == Blame::intact);
  CHECK(judge(r).cause == "repaired");
}

TEST_CASE("what earlier attempts went through does not blame a complete answer", "[observe]") {
  ExchangeRecord r = sound_record();
  r.attempts.insert(r.attempts.begin(), Attempt{});
  r.attempts.front().status = 200;
  r.attempts.front().refusal = "concurrency";
  r.provider_error = "1302";
  r.findings = {sample_finding(Check::splice, Action::reject), sample_finding(Check::garble, Action::reject)};
  CHECK(judge(r).blame == Blame::intact);
  CHECK(says(judge(r), "earlier attempt"));
  r.failure.emplace();
  r.failure->cause = Cause::damaged;
  r.findings = {sample_finding(Check::splice, Action::reject), sample_finding(Check::utf8, Action::reject)};
  r.findings.front().attempt = 1;
  r.findings.back().attempt = 2;
  CHECK(judge(r).cause == "utf8");
}

TEST_CASE("a splice that breaks the JSON of its event is called a splice", "[observe]") {
  ExchangeRecord r = sound_record();
  r.failure.emplace();
  r.failure->cause = Cause::damaged;
  r.findings = {sample_finding(Check::splice, Action::reject), sample_finding(Check::json, Action::reject)};
  CHECK(judge(r).cause == "splice");
  r.findings.front().check = Check::sse;
  CHECK(judge(r).cause == "sse");
}

TEST_CASE("a compressed answer is held against what was delivered once it is decoded", "[observe]") {
  ExchangeRecord r = sound_record();
  r.content_coding = "gzip";
  r.sha256_in = std::string(64, 'c');
  r.bytes_in = 400;
  r.sha256_decoded = r.sha256_out;
  r.bytes_decoded = r.bytes_out;
  CHECK(judge(r).cause == "intact");
  CHECK(says(judge(r), "came as gzip though identity was asked: 400 bytes with SHA-256 cc"));
  r.sha256_decoded = std::string(64, 'd');
  CHECK(judge(r).cause == "changed");
}

TEST_CASE("an answer that no check could look at is intact only likely", "[observe]") {
  ExchangeRecord r = sound_record();
  r.content_coding = "br";
  const Verdict v = judge(r);
  CHECK(v.blame == Blame::intact);
  CHECK(v.cause == "unchecked");
  CHECK(v.certainty == Certainty::likely);
  CHECK(says(v, "compressed with br"));
}

TEST_CASE("a client that stops reading is told from one that does not send", "[observe]") {
  CHECK(says(judge(failed_record(Cause::client_silent)), "stopped reading"));
  CHECK(says(judge(failed_record(Cause::client_silent, Phase::read_request)), "did not finish sending"));
}

TEST_CASE("an authority that only this machine's store knows makes damage likely the provider's", "[observe]") {
  ExchangeRecord r = failed_record(Cause::damaged);
  r.findings = {sample_finding(Check::utf8, Action::reject)};
  r.tls = TlsSummary{"TLSv1.3", "ACME Corp", {}};
  CHECK(judge(r).blame == Blame::provider);
  CHECK(judge(r).certainty == Certainty::likely);
  CHECK(says(judge(r), "ACME Corp"));
}

TEST_CASE("an answer that ends in an error of the provider is not called damaged", "[observe]") {
  ExchangeRecord r = failed_record(Cause::provider_error);
  r.provider_error = "decode failed";
  r.findings = {sample_finding(Check::finish, Action::reject)};
  CHECK(judge(r).cause == "provider_error");
}

TEST_CASE("heartbeats do not make hashes unequal", "[observe]") {
  ExchangeRecord r = sound_record();
  r.bytes_out += 28;
  r.inserted_bytes = 28;
  CHECK(judge(r).blame == Blame::intact);
}

TEST_CASE("a stream broken after its finish reason says that the text is whole", "[observe]") {
  ExchangeRecord r = failed_record(Cause::upstream_closed);
  r.finish_reason = "stop";
  CHECK(judge(r).blame == Blame::provider);
  CHECK(says(judge(r), "the text itself is whole"));
  r.delivered_body = false;
  CHECK(says(judge(r), "Nothing of the answer was delivered"));
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
