// SPDX-License-Identifier: Apache-2.0
// TLS towards upstream: OpenSSL driven directly over the non-blocking socket (docs/decisions/0003). Chain and name are
// verified before any byte of a request is written; sessions are resumed per host.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "net/config.hpp"

namespace siltgate::net {

struct Io;

/// What a finished handshake showed.
struct TlsSummary {
  std::string version;   // "TLSv1.3"
  std::string cipher;
  std::string issuer;    // organisation (or common name) of the last certificate of the chain
  std::string subject;   // common name of the leaf
  bool resumed = false;
};

struct SslFree {
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

/// One SSL_CTX with its trust store and the sessions it may resume. Shared by all connections of one TlsConfig.
class TlsContext {
 public:
  /// Failure (phase connect, party siltgate) names the file that can't be read.
  static Result<std::shared_ptr<TlsContext>> make(const TlsConfig& config);

  std::unique_ptr<SSL, SslFree> new_connection(int descriptor, const std::string& host);

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::map<std::string, std::unique_ptr<SSL_SESSION, SslFree>> sessions_;  // by host, the newest
};

/// One TLS connection. Knows its descriptor only through OpenSSL.
class TlsStream {
 public:
  TlsStream(std::shared_ptr<TlsContext> context, int descriptor, const std::string& host);

  /// ok = finished.
  Io handshake();
  Io read(std::span<char> into);
  Io write(std::span<const char> bytes);
  /// Why the handshake failed, in words for a person: "certificate has expired", "hostname mismatch", …
  std::string why() const { return why_; }
  const TlsSummary& summary() const { return summary_; }

 private:
  Io outcome(int returned);
  void describe();

  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<SSL, SslFree> ssl_;
  TlsSummary summary_;
  std::string why_;
};

}  // namespace siltgate::net
