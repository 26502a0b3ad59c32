// SPDX-License-Identifier: Apache-2.0
// What OpenSSL says of a TLS connection that failed, as an error code and in words for a person. Pure.
#pragma once

#include <boost/system/error_code.hpp>
#include <string>

namespace siltgate {

/// Its values are OpenSSL's packed errors, its messages their reasons: "bad record mac", "tlsv1 alert internal error", …
const boost::system::error_category& tls_category();

inline boost::system::error_code tls_error(unsigned long openssl) { return {static_cast<int>(openssl), tls_category()}; }

/// An error of tls_category().
bool is_tls(const boost::system::error_code& error);
/// What broke a connection after its handshake.
///   alert: the other side said so. Nobody else can: alerts are authenticated like data.
///   foreign: bytes that do not decrypt, or are no TLS: changed or put in on the way.
///   unruly: the other side's own bytes break the rules of TLS.
///   own: OpenSSL could not go on.
enum class TlsBreak { alert, foreign, unruly, own };
TlsBreak tls_break(const boost::system::error_code& error);
/// A handshake that failed so may succeed the next time: the other side was in trouble, or bytes were damaged on the way.
bool may_pass(const boost::system::error_code& error);

/// Why a handshake failed. OpenSSL's own word stands in it, for whoever searches for it.
std::string handshake_words(const boost::system::error_code& error);
/// Why a connection broke after its handshake.
std::string break_words(const boost::system::error_code& error);

}  // namespace siltgate
