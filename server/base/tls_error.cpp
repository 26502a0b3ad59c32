// SPDX-License-Identifier: Apache-2.0
#include "base/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

namespace siltgate {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"   // Boost's: nobody deletes a category
class TlsCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);   // no connection may have been made yet
    const char* reason = ERR_reason_error_string(static_cast<unsigned long>(value));
    return reason ? reason : "TLS error " + std::to_string(value);
  }
};
#pragma GCC diagnostic pop

/// As of SSL_R_…, 0 for what other parts of OpenSSL say.
int reason_of(const boost::system::error_code& error) {
  const auto packed = static_cast<unsigned long>(error.value());
  return is_tls(error) && ERR_GET_LIB(packed) == ERR_LIB_SSL ? ERR_GET_REASON(packed) : 0;
}

int alert_of(const boost::system::error_code& error) { return reason_of(error) - SSL_AD_REASON_OFFSET; }

/// "tlsv1 alert internal error" -> "internal error": the version in it is that of OpenSSL's table, not of the connection.
std::string alert_name(const boost::system::error_code& error) {
  std::string name = error.message();
  for (std::string_view front : {"sslv3 ", "tlsv13 ", "tlsv1 ", "alert "})
    if (name.starts_with(front)) name.erase(0, front.size());
  return name;
}

}  // namespace

const boost::system::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

bool is_tls(const boost::system::error_code& error) { return error && error.category() == tls_category(); }

TlsBreak tls_break(const boost::system::error_code& error) {
  const int reason = reason_of(error);
  if (reason > SSL_AD_REASON_OFFSET) return TlsBreak::alert;
  switch (reason) {
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_LENGTH_TOO_SHORT:
    case SSL_R_HTTP_REQUEST: return TlsBreak::foreign;
    case 0:
    case SSL_R_BAD_LENGTH:   // new keys asked for while a request was being written
    case ERR_R_INTERNAL_ERROR:
    case ERR_R_MALLOC_FAILURE: return TlsBreak::own;
    default: return TlsBreak::unruly;
  }
}

bool may_pass(const boost::system::error_code& error) {
  switch (alert_of(error)) {
    case SSL_AD_INTERNAL_ERROR:
    case SSL_AD_USER_CANCELLED:
    case SSL_AD_BAD_RECORD_MAC:
    case SSL_AD_DECRYPT_ERROR: return true;
    default: return reason_of(error) == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC;
  }
}

std::string handshake_words(const boost::system::error_code& error) {
  const std::string said = " (" + error.message() + ")";
  switch (reason_of(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST: return "what answers there speaks no TLS; plain HTTP or another port?" + said;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "the other side speaks no TLS version that tls_min allows" + said;
    default: break;
  }
  return tls_break(error) == TlsBreak::alert ? "the other side refused the handshake: " + alert_name(error) + said : error.message();
}

std::string break_words(const boost::system::error_code& error) {
  switch (tls_break(error)) {
    case TlsBreak::alert: return "upstream ended TLS with the alert \"" + alert_name(error) + "\"";
    case TlsBreak::foreign: return "what came is not what upstream's TLS sent (" + error.message() + ")";
    case TlsBreak::unruly: return "upstream broke the rules of TLS (" + error.message() + ")";
    case TlsBreak::own: break;
  }
  return "TLS with upstream could not go on (" + error.message() + ")";
}

}  // namespace siltgate
