// SPDX-License-Identifier: Apache-2.0
#include "base/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "support/catch.hpp"

using namespace siltgate;

namespace {

boost::system::error_code said(int reason) { return tls_error(ERR_PACK(ERR_LIB_SSL, 0, reason)); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a handshake that fails is told in words that lead on, OpenSSL's among them", "[base]") {
  CHECK(has(handshake_words(said(SSL_R_WRONG_VERSION_NUMBER)), "speaks no TLS; plain HTTP"));
  CHECK(has(handshake_words(said(SSL_R_WRONG_VERSION_NUMBER)), "(wrong version number)"));
  CHECK(has(handshake_words(said(SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)), "tls_min"));
  CHECK(has(handshake_words(said(SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE)), "refused the handshake: handshake failure"));
  CHECK(has(handshake_words(said(SSL_R_TLSV1_UNRECOGNIZED_NAME)), "refused the handshake: unrecognized name"));
  CHECK(handshake_words(said(SSL_R_NO_PROTOCOLS_AVAILABLE)) == "no protocols available");
}

TEST_CASE("an alert, foreign bytes and unruly ones are told apart", "[base]") {
  CHECK(tls_break(said(SSL_R_TLSV1_ALERT_INTERNAL_ERROR)) == TlsBreak::alert);
  CHECK(has(break_words(said(SSL_R_TLSV1_ALERT_INTERNAL_ERROR)), "the alert \"internal error\""));
  for (int foreign : {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE})
    CHECK(tls_break(said(foreign)) == TlsBreak::foreign);
  for (int unruly : {SSL_R_UNEXPECTED_MESSAGE, SSL_R_RECORD_TOO_SMALL, SSL_R_DATA_LENGTH_TOO_LONG}) CHECK(tls_break(said(unruly)) == TlsBreak::unruly);
  CHECK(has(break_words(said(SSL_R_UNEXPECTED_MESSAGE)), "broke the rules of TLS (unexpected message)"));
  CHECK(tls_break(said(SSL_R_BAD_LENGTH)) == TlsBreak::own);
  CHECK(tls_break(make_error_code(boost::system::errc::connection_reset)) == TlsBreak::own);
  CHECK_FALSE(is_tls({}));
}

TEST_CASE("only trouble that passes makes another handshake worth a try", "[base]") {
  CHECK(may_pass(said(SSL_R_TLSV1_ALERT_INTERNAL_ERROR)));
  CHECK(may_pass(said(SSL_R_SSLV3_ALERT_BAD_RECORD_MAC)));
  CHECK(may_pass(said(SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC)));
  for (int lasting : {SSL_R_WRONG_VERSION_NUMBER, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_CERTIFICATE_VERIFY_FAILED})
    CHECK_FALSE(may_pass(said(lasting)));
}
