// SPDX-License-Identifier: Apache-2.0
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "base/tls_error.hpp"
#include "net/certificates.hpp"
#include "net/connection.hpp"

namespace siltgate::net {
namespace {

bool is_ip_literal(const std::string& host) {
  ErrorCode error;
  asio::ip::make_address(host, error);
  return !error;
}

/// For a message that puts names between double quotes.
std::string unquoted(std::string name) {
  std::replace(name.begin(), name.end(), '"', '?');
  return name;
}

Failure cannot_load(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return {Phase::connect, Party::siltgate, Cause::tls_failed, Retry::never, {}, what + " cannot be loaded: " + (reason ? reason : "unreadable")};
}

/// What one call may take from the socket. Without a bound OpenSSL reads on for as long as messages of TLS itself come (tickets, new
/// keys), each of which may cost more to read than to send, and nobody else is served. Two records of an answer are within it.
constexpr std::size_t most_at_a_time = 32 * 1024;

/// Index of the host name (a std::string owned by the TlsContext's session map key) in an SSL's extra data.
int host_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr,
      [](void*, void* host, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(host); });
  return index;
}

}  // namespace

void SslFree::operator()(SSL* ssl) const {
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else the session could not be resumed
  SSL_free(ssl);
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsConfig& config) {
  ERR_clear_error();
  auto self = std::make_shared<TlsContext>();
  self->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = self->context_.get();
  SSL_CTX_set_min_proto_version(context, config.tls_min == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);  // one recv for a record instead of one for its header and one for the rest
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_app_data(context, self.get());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsContext::keep_session);
  if (SSL_CTX_set_default_verify_paths(context) != 1) return cannot_load("the system's certificate store");
  if (!config.ca_file.empty() && SSL_CTX_load_verify_file(context, config.ca_file.c_str()) != 1)
    return cannot_load("ca_file " + config.ca_file);
  self->own_authority_ = !config.ca_file.empty();
  if (!self->own_authority_) self->empty_store_ = empty_system_store();
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);   // ca_file may name an issuing authority, or the provider's certificate itself
  return self;
}

int TlsContext::keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* self = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  auto* host = static_cast<std::string*>(SSL_get_ex_data(ssl, host_index()));
  if (!host) return 0;
  self->sessions_[*host].reset(session);
  return 1;  // the reference is ours now
}

std::unique_ptr<SSL, SslFree> TlsContext::new_connection(int descriptor, const std::string& authority) {
  const std::string host = authority.ends_with('.') ? authority.substr(0, authority.size() - 1) : authority;   // no certificate names the root (RFC 6066, 3)
  std::unique_ptr<SSL, SslFree> ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), descriptor);
  SSL_set_ex_data(ssl.get(), host_index(), new std::string(host));
  if (!is_ip_literal(host) || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) != 1) {
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl.get(), host.c_str());
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  }
  static constexpr unsigned char http11[] = "\x08http/1.1";
  SSL_set_alpn_protos(ssl.get(), http11, sizeof http11 - 1);
  if (auto known = sessions_.find(host); known != sessions_.end()) SSL_set_session(ssl.get(), known->second.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

/// Was the chain good without ca_file?
bool TlsContext::in_system_store(SSL* ssl) {
  if (!own_authority_) return true;
  if (!system_) {
    system_.reset(X509_STORE_new());
    X509_STORE_set_default_paths(system_.get());
  }
  std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(check.get(), system_.get(), SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl));
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return good;
}

void TlsContext::describe_chain(SSL* ssl, TlsSummary& summary) {
  auto* host = static_cast<std::string*>(SSL_get_ex_data(ssl, host_index()));
  TlsSummary& known = chains_[*host];
  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (!summary.resumed && leaf) {
    STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
    X509* last = chain && sk_X509_num(chain) > 0 ? sk_X509_value(chain, sk_X509_num(chain) - 1) : leaf;
    known.issuer = organisation_of(X509_get_issuer_name(last));
    known.subject = name_part(X509_get_subject_name(leaf), NID_commonName);
    known.public_ca.reset();
    if (!in_system_store(ssl)) known.public_ca = false;
    else if (X509_get_ext_by_NID(leaf, NID_ct_precert_scts, -1) >= 0) known.public_ca = true;
  }
  summary.issuer = known.issuer;
  summary.subject = known.subject;
  summary.public_ca = known.public_ca;
}

TlsStream::TlsStream(std::shared_ptr<TlsContext> context, int descriptor, const std::string& host)
    : context_(std::move(context)), ssl_(context_->new_connection(descriptor, host)) {
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, &TlsStream::note_refused);
  BIO* socket = SSL_get_rbio(ssl_.get());
  BIO_set_callback_arg(socket, reinterpret_cast<char*>(this));
  BIO_set_callback_ex(socket, &TlsStream::take_no_more);
}

/// Once may_take_ is used up the socket seems empty. What waits in it ends the next wait at once.
long TlsStream::take_no_more(BIO* bio, int operation, const char*, std::size_t, int, long, int returned, std::size_t* taken) {
  auto* self = reinterpret_cast<TlsStream*>(BIO_get_callback_arg(bio));
  if (operation == (BIO_CB_READ | BIO_CB_RETURN) && returned > 0 && taken) self->may_take_ -= std::min(self->may_take_, *taken);
  if (operation & BIO_CB_RETURN) return returned;
  if (operation != BIO_CB_READ || self->may_take_ > 0) return 1;
  BIO_clear_retry_flags(bio);
  BIO_set_retry_read(bio);
  return -1;
}

/// Keeps the names of a certificate that does not hold: who stands between shows in its issuer.
int TlsStream::note_refused(int sound, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = ssl ? static_cast<TlsStream*>(SSL_get_app_data(ssl)) : nullptr;
  X509* refused = X509_STORE_CTX_get_current_cert(store);
  if (!sound && self && refused)
    self->refused_ = " (certificate of \"" + unquoted(name_part(X509_get_subject_name(refused), NID_commonName)) +
                     "\", issued by \"" + unquoted(organisation_of(X509_get_issuer_name(refused))) + "\")";
  return sound;
}

Io TlsStream::outcome(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {Io::Status::wants_read};
    case SSL_ERROR_WANT_WRITE: return {Io::Status::wants_write};
    case SSL_ERROR_ZERO_RETURN: close_notify_ = true; return {Io::Status::closed};
    case SSL_ERROR_SYSCALL: return {Io::Status::broken, 0, ErrorCode(errno, boost::system::system_category())};
    default: break;
  }
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    close_notify_ = false;
    return {Io::Status::broken, 0, asio::error::eof};
  }
  return {Io::Status::broken, 0, tls_error(ERR_peek_last_error())};   // the first one may be of a cipher
}

Io TlsStream::handshake() {
  ERR_clear_error();
  wrote_ = true;
  may_take_ = most_at_a_time;
  int returned = SSL_do_handshake(ssl_.get());
  if (returned == 1) {
    describe();
    return {};
  }
  Io io = outcome(returned);
  if (io.status != Io::Status::broken) return io;
  if (long verified = SSL_get_verify_result(ssl_.get()); verified != X509_V_OK && !context_->empty_store().empty())
    why_ = "this machine has no certificates to trust: " + context_->empty_store() + " hold none";
  else if (verified != X509_V_OK)
    why_ = std::string("certificate: ") + X509_verify_cert_error_string(verified) + refused_;
  else if (is_tls(io.error))
    why_ = handshake_words(io.error);
  may_pass_ = is_tls(io.error) && siltgate::may_pass(io.error);
  return io;
}

/// As many records as have come: each on its own would be checked and sent on its own. An end behind them is told next time.
Io TlsStream::read(std::span<char> into) {
  if (end_) return *std::exchange(end_, std::nullopt);
  socket_empty_ = false;
  may_take_ = most_at_a_time;
  ERR_clear_error();
  std::size_t size = 0;
  do {
    std::size_t got = 0;
    if (int returned = SSL_read_ex(ssl_.get(), into.data() + size, into.size() - size, &got); returned != 1) {
      Io io = outcome(returned);
      socket_empty_ = io.status == Io::Status::wants_read;
      if (socket_empty_) give_buffers_back();
      if (size == 0) return io;
      if (io.status == Io::Status::closed || io.status == Io::Status::broken) end_ = io;
      break;
    }
    size += got;
  } while (size < into.size() && SSL_has_pending(ssl_.get()));
  return {Io::Status::ok, size};
}

bool TlsStream::drained() {
  if (end_ || (SSL_has_pending(ssl_.get()) && !socket_empty_)) return false;
  give_buffers_back();
  return true;
}

/// OpenSSL 3.0 keeps 16 KiB for writing in spite of SSL_MODE_RELEASE_BUFFERS.
void TlsStream::give_buffers_back() {
  if (wrote_ && SSL_free_buffers(ssl_.get())) wrote_ = false;
}

Io TlsStream::write(std::span<const char> bytes) {
  ERR_clear_error();
  std::size_t put = 0;
  wrote_ = true;
  may_take_ = most_at_a_time;
  if (int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put); returned != 1) return outcome(returned);
  return {Io::Status::ok, put};
}

void TlsStream::describe() {
  summary_.version = SSL_get_version(ssl_.get());
  summary_.cipher = SSL_get_cipher_name(ssl_.get());
  summary_.resumed = SSL_session_reused(ssl_.get()) == 1;
  context_->describe_chain(ssl_.get(), summary_);
}

}  // namespace siltgate::net
