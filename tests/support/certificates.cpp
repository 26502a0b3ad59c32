// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>

namespace siltgate::test {
namespace {

constexpr long day = 24 * 60 * 60;

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension && X509_add_ext(certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

struct Order {
  std::string name;
  long from = -day, until = day;  // seconds from now
  long serial = 1;
};

/// Unsigned certificate with names, times and key.
OpenSsl<X509> blank(const Order& order, EVP_PKEY* key, X509* issuer) {
  OpenSsl<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), order.serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), order.from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), order.until);
  auto* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(order.name.c_str()), -1,
                             -1, 0);
  X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : subject);
  require(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  return certificate;
}

bool is_ip(const std::string& name) { return name.find_first_not_of("0123456789.") == name.npos || name.find(':') != name.npos; }

}  // namespace

Authority::Authority() : key_(EVP_EC_gen("P-256")) {
  certificate_ = blank({"siltgate test authority", -day, 365 * day, 1}, key_.get(), nullptr);
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate_.get(), certificate_.get(), NID_subject_key_identifier, "hash");
  require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "signature");
  ca_file_ = folder_.path() + "/ca.pem";
  std::FILE* file = std::fopen(ca_file_.c_str(), "w");
  require(file && PEM_write_X509(file, certificate_.get()) == 1, "ca.pem");
  std::fclose(file);
}

OpenSsl<SSL_CTX> Authority::server(const std::string& name, Leaf leaf) const {
  OpenSsl<EVP_PKEY> key(EVP_EC_gen("P-256"));
  bool own = leaf == Leaf::self_signed;
  Order order{name, -2 * day, leaf == Leaf::expired ? -day : day, 2};
  auto certificate = blank(order, key.get(), own ? nullptr : certificate_.get());
  auto* issuer = own ? certificate.get() : certificate_.get();
  add_extension(certificate.get(), issuer, NID_subject_alt_name, (is_ip(name) ? "IP:" : "DNS:") + name);
  if (leaf == Leaf::logged) add_extension(certificate.get(), issuer, NID_ct_precert_scts, "DER:04:02:00:00");
  require(X509_sign(certificate.get(), own ? key.get() : key_.get(), EVP_sha256()) > 0, "signature");
  OpenSsl<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1, "certificate");
  require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "private key");
  return context;
}

std::pair<std::string, std::string> Authority::server_files(const std::string& name, const std::string& folder) const {
  const OpenSsl<SSL_CTX> context = server(name);
  const std::string certificate = folder + "/server.pem", key = folder + "/server.key";
  std::FILE* file = std::fopen(certificate.c_str(), "w");
  require(file && PEM_write_X509(file, SSL_CTX_get0_certificate(context.get())) == 1, "server.pem");
  std::fclose(file);
  file = std::fopen(key.c_str(), "w");
  require(file && PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(context.get()), nullptr, nullptr, 0, nullptr, nullptr) == 1, "server.key");
  std::fclose(file);
  return {certificate, key};
}

OpenSsl<SSL_CTX> Authority::client() const {
  OpenSsl<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  require(SSL_CTX_load_verify_locations(context.get(), ca_file_.c_str(), nullptr) == 1, "trust");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace siltgate::test
