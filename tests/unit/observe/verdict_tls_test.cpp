// SPDX-License-Identifier: Apache-2.0
// Verdicts on TLS that broke, and on what was never asked.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/tls_error.hpp"
#include "observe/record_json.hpp"
#include "observe/verdict.hpp"
#include "support/catch.hpp"
#include "unit/observe/sample_record.hpp"

using namespace siltgate;
using namespace siltgate::observe;

namespace {

ExchangeRecord broken_by(int reason) {
  ExchangeRecord r = failed_record(Cause::upstream_reset);
  r.failure->system = tls_error(ERR_PACK(ERR_LIB_SSL, 0, reason));
  r.failure->detail = break_words(r.failure->system);
  return r;
}

ExchangeRecord not_connected(Cause cause, const std::string& detail, Party party = Party::network) {
  ExchangeRecord r = failed_record(cause, Phase::connect);
  r.tls.reset();
  r.failure->party = party;
  r.failure->detail = detail;
  return r;
}

}  // namespace

TEST_CASE("an alert inside TLS is the provider's word, bytes that TLS refuses are the network's", "[observe]") {
  ExchangeRecord alert = broken_by(SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
  CHECK(judge(alert).blame == Blame::provider);
  CHECK(judge(alert).certainty == Certainty::certain);
  CHECK(says(judge(alert), "internal error"));
  alert.tls->public_ca = false;
  CHECK(judge(alert).blame == Blame::unknown);
  ExchangeRecord changed = broken_by(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
  CHECK(judge(changed).blame == Blame::network);
  CHECK(judge(changed).certainty == Certainty::likely);
  CHECK(says(judge(changed), "bad record mac"));
  const ExchangeRecord unruly = broken_by(SSL_R_UNEXPECTED_MESSAGE);   // decrypted well: nobody between can have made it
  CHECK(judge(unruly).blame == Blame::provider);
  CHECK(judge(unruly).certainty == Certainty::likely);
  CHECK(judge(broken_by(SSL_R_BAD_LENGTH)).blame == Blame::unknown);
  changed.upstream_loopback = true;
  CHECK(judge(changed).blame == Blame::provider);
}

TEST_CASE("what broke TLS outlives a record's way through JSON", "[observe]") {
  const ExchangeRecord before = broken_by(SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
  const ExchangeRecord after = *record_from_json(record_to_json(before));
  REQUIRE(after.failure);
  CHECK(after.failure->system == before.failure->system);
  CHECK(judge(after).blame == Blame::provider);
}

TEST_CASE("a refused handshake blames nobody, whatever words its alert has in common with certificates", "[observe]") {
  const auto refused = not_connected(Cause::tls_failed, "api: the other side refused the handshake: certificate expired (sslv3 alert certificate expired)");
  CHECK(judge(refused).blame == Blame::unknown);
  const auto named = not_connected(Cause::tls_failed, "api: certificate: unable to get local issuer certificate (certificate of \"expired\", issued by \"mismatch\")");
  CHECK(judge(named).blame == Blame::network);   // names are its maker's choice
  CHECK(says(judge(not_connected(Cause::tls_failed, "api: what answers there speaks no TLS; plain HTTP or another port? (wrong version number)")), "base_url"));
}

TEST_CASE("nobody else is to blame for what siltgate cannot use", "[observe]") {
  const auto no_proxy = not_connected(Cause::proxy_refused, "HTTPS_PROXY is not an http:// URL; only HTTP proxies with CONNECT are supported", Party::siltgate);
  CHECK(judge(no_proxy).blame == Blame::siltgate);
  CHECK_FALSE(says(judge(no_proxy), "refused"));
  const auto no_trust = not_connected(Cause::tls_failed, "ca_file /x.pem cannot be loaded: no certificate or crl found", Party::siltgate);
  CHECK(judge(no_trust).blame == Blame::siltgate);
  CHECK(says(judge(no_trust), "siltgate check"));
  const auto no_store = not_connected(Cause::tls_failed, "api: this machine has no certificates to trust: /a and /b hold none");
  CHECK(judge(no_store).blame == Blame::siltgate);
  CHECK(says(judge(no_store), "ca-certificates"));
}

TEST_CASE("a handshake that does not end is not told as a connection that was not answered", "[observe]") {
  CHECK(says(judge(not_connected(Cause::connect_timeout, "the TLS handshake took longer than 10000 ms")), "TCP was connected"));
  CHECK(says(judge(not_connected(Cause::connect_timeout, "the proxy's answer took longer than 10000 ms")), "The proxy was connected"));
  CHECK(says(judge(not_connected(Cause::connect_timeout, "connecting to api took longer than 10000 ms")), "No answer to the connection attempts"));
}
