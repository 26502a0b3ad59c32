// SPDX-License-Identifier: Apache-2.0
// A certificate authority made for one test: its file for the client, server contexts with sound and unsound leaves.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "support/temporary_folder.hpp"

namespace siltgate::test {

struct FreeOpenSsl {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <class T>
using OpenSsl = std::unique_ptr<T, FreeOpenSsl>;

class Authority {
 public:
  enum class Leaf { sound, expired, self_signed, logged };  // logged: with the stamp of a public log, as public ones have

  Authority();

  /// PEM file with the authority's certificate; goes when the Authority goes.
  const std::string& ca_file() const { return ca_file_; }
  /// A server context whose leaf is for `name` (DNS name or IP literal). A wrong name is just another name.
  OpenSsl<SSL_CTX> server(const std::string& name, Leaf leaf = Leaf::sound) const;
  /// The same leaf as PEM files in `folder`: certificate and key.
  std::pair<std::string, std::string> server_files(const std::string& name, const std::string& folder) const;
  /// A client context that trusts this authority alone.
  OpenSsl<SSL_CTX> client() const;

 private:
  OpenSsl<EVP_PKEY> key_;
  OpenSsl<X509> certificate_;
  TemporaryFolder folder_;
  std::string ca_file_;
};

}  // namespace siltgate::test
