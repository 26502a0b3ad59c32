// SPDX-License-Identifier: Apache-2.0
// TLS towards upstream: OpenSSL driven directly over the non-blocking socket (docs/decisions/0003). Chain and name are
// verified before any byte of a request is written; sessions are resumed per host.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "net/config.hpp"
#include "net/io.hpp"

namespace siltgate::net {

/// What a finished handshake showed.
struct TlsSummary {
  std::string version;   // "TLSv1.3"
  std::string cipher;
  std::string issuer;    // organisation (or common name) of the last certificate of the chain
  std::string subject;   // common name of the leaf
  bool resumed = false;
  /// true: the chain ends in the system's trust store and the certificate bears the stamp of a public log; false: only ca_file
  /// vouches for it; empty: the system's store does, no log: an authority that was put into that store looks the same.
  std::optional<bool> public_ca;
};

struct SslFree {
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

/// One SSL_CTX with its trust store and the sessions it may resume. Shared by all connections of one TlsConfig.
class TlsContext {
 public:
  /// Failure (phase connect, party siltgate) names the file that can't be read.
  static Result<std::shared_ptr<TlsContext>> make(const TlsConfig& config);

  std::unique_ptr<SSL, SslFree> new_connection(int descriptor, const std::string& host);
  /// Issuer and public_ca of a finished handshake. A resumed session shows no chain: what its full handshake showed.
  void describe_chain(SSL* ssl, TlsSummary& summary);
  /// Where certificates to trust were looked for when none were found; else "". Nobody can be trusted then.
  const std::string& empty_store() const { return empty_store_; }

 private:
  bool in_system_store(SSL* ssl);
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  std::unique_ptr<SSL_CTX, SslFree> context_;
  std::map<std::string, std::unique_ptr<SSL_SESSION, SslFree>> sessions_;  // by host, the newest
  std::map<std::string, TlsSummary> chains_;                               // by host, of the newest full handshake
  std::unique_ptr<X509_STORE, SslFree> system_;                            // with a ca_file: the store without it, once needed
  std::string empty_store_;
  bool own_authority_ = false;                                             // a ca_file was given
};

/// One TLS connection. Knows its descriptor only through OpenSSL.
class TlsStream {
 public:
  TlsStream(std::shared_ptr<TlsContext> context, int descriptor, const std::string& host);

  /// ok = finished.
  Io handshake();
  Io read(std::span<char> into);
  Io write(std::span<const char> bytes);
  /// No whole record waits inside OpenSSL: the next read has to ask the socket. Gives its buffers back then.
  bool drained();
  /// Why the handshake failed, in words for a person: "certificate: hostname mismatch", …; empty where the transport broke.
  std::string why() const { return why_; }
  /// The handshake failed in a way that another one may not.
  bool may_pass() const { return may_pass_; }
  const TlsSummary& summary() const { return summary_; }
  /// Once the peer's end was read: whether close_notify came before it.
  std::optional<bool> close_notify() const { return close_notify_; }

 private:
  static int note_refused(int sound, X509_STORE_CTX* store);
  static long take_no_more(BIO* bio, int operation, const char*, std::size_t, int, long, int returned, std::size_t* taken);
  Io outcome(int returned);
  void describe();
  void give_buffers_back();

  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<SSL, SslFree> ssl_;
  std::optional<Io> end_;       // what the next read will say
  bool socket_empty_ = false;   // the last read took all there was
  bool wrote_ = false;          // OpenSSL holds a buffer for writing
  bool may_pass_ = false;
  std::size_t may_take_ = 0;    // from the socket, until the next call
  TlsSummary summary_;
  std::string why_;
  std::string refused_;  // whose certificate was refused, and who issued it
  std::optional<bool> close_notify_;
};

}  // namespace siltgate::net
