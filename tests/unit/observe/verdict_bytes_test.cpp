// SPDX-License-Identifier: Apache-2.0
// Verdicts on answers that came: damaged, degenerate, repaired, or sound.
#include "observe/verdict.hpp"

#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

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
