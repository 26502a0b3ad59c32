// SPDX-License-Identifier: Apache-2.0
#include "net/look_tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/tls_error.hpp"
#include "net/certificates.hpp"

namespace siltgate::net {
namespace {

int distrust_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

Trust trust_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return Trust::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Trust::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Trust::wrong_name;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return Trust::self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return Trust::unknown_issuer;
    default: return Trust::other;
  }
}

std::string both_names(const X509_NAME* name) {
  const std::string organisation = name_part(name, NID_organizationName), common = name_part(name, NID_commonName);
  return organisation.empty() ? common : common.empty() || common == organisation ? organisation : organisation + " (" + common + ")";
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? std::chrono::system_clock::from_time_t(::timegm(&parts)) : WallTime{};
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->type == GEN_IPADD ? name->d.iPAddress : nullptr;
    if (!text) continue;
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
    std::array<char, INET6_ADDRSTRLEN> address{};
    if (name->type == GEN_DNS) out.push_back(text_of(text));
    else if (::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(text), address.data(), address.size())) out.emplace_back(address.data());
  }
  if (names) GENERAL_NAMES_free(names);
  return out;
}

CertificateSeen describe(X509* certificate) {
  CertificateSeen out;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  out.subject = name_part(subject, NID_commonName);
  if (out.subject.empty()) out.subject = both_names(subject);
  out.issuer = both_names(X509_get_issuer_name(certificate));
  out.names = names_of(certificate);
  out.not_before = time_of(X509_get0_notBefore(certificate));
  out.not_after = time_of(X509_get0_notAfter(certificate));
  return out;
}

/// Notes what is wrong and goes on.
int note(int sound, X509_STORE_CTX* store) {
  if (sound == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* seen = static_cast<TlsSeen*>(SSL_get_ex_data(ssl, distrust_index()));
  const int error = X509_STORE_CTX_get_error(store);
  const Trust trust = trust_of(error);
  if (X509* refused = X509_STORE_CTX_get_current_cert(store); refused && trust == Trust::expired && !seen->expired) seen->expired = describe(refused);
  if (seen->distrust_text.empty()) seen->distrust_text = X509_verify_cert_error_string(error);
  if (std::find(seen->distrust.begin(), seen->distrust.end(), trust) == seen->distrust.end()) seen->distrust.push_back(trust);
  return 1;
}

}  // namespace

bool wait_for_tls(SSL* ssl, int descriptor, int returned, TimePoint until) {
  switch (SSL_get_error(ssl, returned)) {
    case SSL_ERROR_WANT_READ: return ready_within(descriptor, POLLIN, until);
    case SSL_ERROR_WANT_WRITE: return ready_within(descriptor, POLLOUT, until);
    default: return false;
  }
}

TlsSeen look_at_tls(const Question& question, int descriptor, std::unique_ptr<SSL, SslFree>& ssl) {
  TlsSeen seen;
  ERR_clear_error();
  ssl = question.tls->new_connection(descriptor, question.target.host);
  SSL_set_ex_data(ssl.get(), distrust_index(), &seen);
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, note);
  const TimePoint until = Clock::now() + question.step;
  int returned = 0;
  while ((returned = SSL_do_handshake(ssl.get())) != 1 && wait_for_tls(ssl.get(), descriptor, returned, until)) {
  }
  seen.finished = returned == 1;
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);   // `seen` moves
  SSL_set_ex_data(ssl.get(), distrust_index(), nullptr);
  if (!seen.finished) {
    const boost::system::error_code error = tls_error(ERR_peek_error());
    const bool closed = !error || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    seen.fault = Clock::now() >= until ? "the handshake took too long" : closed ? "the other side closed the connection" : handshake_words(error);
    return seen;
  }
  seen.version = SSL_get_version(ssl.get());
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl.get());
  for (int i = 0; chain && i < sk_X509_num(chain); ++i) seen.chain.push_back(describe(sk_X509_value(chain, i)));
  return seen;
}

}  // namespace siltgate::net
