// SPDX-License-Identifier: Apache-2.0
// What stands in certificates, as text. Whoever made them chose it, and nobody may vouch for it. No sockets.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <string_view>

namespace siltgate::net {

/// The first attribute of this kind (NID_commonName, …) as UTF-8 without control characters, at most 128 bytes; "" = none.
std::string name_part(const X509_NAME* name, int kind);

/// The organisation of a name, else its common name.
std::string organisation_of(const X509_NAME* name);

/// A text of a certificate as UTF-8, whatever its own coding. Control characters and what is ill-formed become "?".
std::string text_of(const ASN1_STRING* text);

/// Why these are no certificates that a store can take up; "" when they are.
std::string fault_of_certificates(std::string_view pem);

/// Does OpenSSL find any certificate in this file, or by the name of its hash in one of these folders ("a:b")?
bool holds_certificates(const std::string& file, const std::string& folders);

/// Where OpenSSL looks for what the system trusts (SSL_CERT_FILE and SSL_CERT_DIR honoured), when there is nothing; else "".
std::string empty_system_store();

}  // namespace siltgate::net
